-- Which procedures were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Cancelled rows, unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, procedure, code_system, start_earliest, start_latest, stop_earliest, stop_latest, status, major,
        quarantined, bad_columns
    from batch_procedures
    where patient >= 0 and coalesce(start_earliest, beginning()) <= as_of() and coalesce(status, 'performed') <> 'cancelled'
),

final as (
    select
        rows.patient, rows.procedure, rows.code_system, rows.start_earliest, rows.start_latest,
        rows.stop_earliest, rows.stop_latest, rows.status, rows.major, rows.quarantined, rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, procedure, code_system, start_earliest, start_latest, stop_earliest, stop_latest, status, major,
    quarantined, bad_columns, source_row
from final
