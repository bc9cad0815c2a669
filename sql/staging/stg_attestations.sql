-- Which answers of people were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, trial_id, criterion_id, answer, date_earliest, date_latest,
        quarantined, bad_columns
    from batch_attestations
    where patient >= 0 and coalesce(date_earliest, beginning()) <= as_of()
),

final as (
    select
        rows.patient, rows.trial_id, rows.criterion_id, rows.answer, rows.date_earliest,
        rows.date_latest, rows.quarantined, rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, trial_id, criterion_id, answer, date_earliest, date_latest,
    quarantined, bad_columns, source_row
from final
