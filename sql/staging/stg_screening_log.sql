-- Which steps of screening were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, trial_id, status, date_earliest, date_latest,
        quarantined, bad_columns
    from batch_screening_log
    where patient >= 0 and coalesce(date_earliest, beginning()) <= as_of()
),

final as (
    select
        rows.patient, rows.trial_id, rows.status, rows.date_earliest, rows.date_latest,
        rows.quarantined, rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, trial_id, status, date_earliest, date_latest,
    quarantined, bad_columns, source_row
from final
