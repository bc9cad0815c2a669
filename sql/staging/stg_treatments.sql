-- Which courses of treatment were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Cancelled rows, unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, drug, start_earliest, start_latest, stop_earliest, stop_latest, line, status, planned, stop_reason,
        quarantined, bad_columns
    from batch_treatments
    where patient >= 0 and coalesce(start_earliest, beginning()) <= as_of() and coalesce(status, 'administered') <> 'cancelled'
),

final as (
    select
        rows.patient, rows.drug, rows.start_earliest, rows.start_latest, rows.stop_earliest,
        rows.stop_latest, rows.line, rows.status, rows.planned, rows.stop_reason, rows.quarantined,
        rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, drug, start_earliest, start_latest, stop_earliest, stop_latest, line, status, planned, stop_reason,
    quarantined, bad_columns, source_row
from final
