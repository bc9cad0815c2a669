-- Which number does a patient go by?
-- Grain: one row per patient_id, numbered from 0 in the order of the text.
with delivered as (select distinct patient_id from raw_patients where patient_id is not null),

final as (
    select (row_number() over (order by patient_id) - 1)::integer as patient, patient_id from delivered
)

select patient, patient_id from final order by patient
