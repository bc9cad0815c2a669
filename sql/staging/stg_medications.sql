-- Which concurrent medications were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient_id, drug, start_earliest, start_latest, stop_earliest, stop_latest, route, status,
        last_confirmed_earliest, last_confirmed_latest,
        quarantined, bad_columns
    from raw_medications
    where coalesce(start_earliest, beginning()) <= as_of()
),

patients as (select patient, patient_id from patient_index),

final as (
    select
        patients.patient, rows.drug, rows.start_earliest, rows.start_latest, rows.stop_earliest,
        rows.stop_latest, rows.route, rows.status, rows.last_confirmed_earliest,
        rows.last_confirmed_latest, rows.quarantined, rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    join patients on patients.patient_id = rows.patient_id
    group by all
)

select
    patient, drug, start_earliest, start_latest, stop_earliest, stop_latest, route, status,
    last_confirmed_earliest, last_confirmed_latest,
    quarantined, bad_columns, source_row
from final
