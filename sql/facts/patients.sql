-- Who is each patient, and is there any sign of death?
-- Grain: one row per patient; columns as in schemas.facts.PATIENTS. Besides what the table of patients says,
-- ECOG 5 means dead (unless a result of better standing of the same day says otherwise).
with persons as (select * from stg_patients),

ecog as (
    select place, patient, usable
    from stg_observations
    where concept = 'ecog'
    qualify status_rank = max(status_rank) over (partition by patient, date_earliest, date_latest)
),

delivered as (select place, lower_end(value_low, value_high) as low from batch_observations),

dead_by_ecog as (
    select distinct ecog.patient
    from ecog
    join delivered on delivered.place = ecog.place
    where ecog.usable and delivered.low >= 5
),

final as (
    select persons.* replace (persons.deceased or dead_by_ecog.patient is not null as deceased)
    from persons
    left join dead_by_ecog on dead_by_ecog.patient = persons.patient
)

select
    patient, patient_id, site, birth_earliest, birth_latest, birth_reasons, sex_low, sex_high, sex_reasons,
    childbearing_potential_low, childbearing_potential_high, childbearing_potential_reasons, deceased,
    vital_status, last_contact_latest, contact_permitted
from final
order by patient
