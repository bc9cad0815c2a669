-- Which concurrent medications were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, drug, start_earliest, start_latest, stop_earliest, stop_latest, route, status,
        last_confirmed_earliest, last_confirmed_latest,
        quarantined, bad_columns
    from batch_medications
    where patient >= 0 and coalesce(start_earliest, beginning()) <= as_of()
),

final as (
    select
        rows.patient, rows.drug, rows.start_earliest, rows.start_latest, rows.stop_earliest,
        rows.stop_latest, rows.route, rows.status, rows.last_confirmed_earliest,
        rows.last_confirmed_latest, rows.quarantined, rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, drug, start_earliest, start_latest, stop_earliest, stop_latest, route, status,
    last_confirmed_earliest, last_confirmed_latest,
    quarantined, bad_columns, source_row
from final
