-- Of whom may the same rows say something else tomorrow, whatever is asked of them?
-- Grain: one row per patient with a date that the as-of date, or the day through which the extract reaches, has yet
-- to pass, or with coverage declared for them alone that ends so near that it is expected to move on.
with extract_date as (select least(extracted_on, as_of()) as day from extract_dates),

days as (
    select patient, birth_latest as latest from raw_patients
    union all select patient, last_contact_latest from raw_patients
    union all select patient, death_latest from raw_patients
    union all select patient, onset_latest from raw_conditions
    union all select patient, resolved_latest from raw_conditions
    union all select patient, date_latest from raw_observations
    union all select patient, start_latest from raw_treatments
    union all select patient, stop_latest from raw_treatments
    union all select patient, date_latest from raw_responses
    union all select patient, start_latest from raw_procedures
    union all select patient, stop_latest from raw_procedures
    union all select patient, start_latest from raw_medications
    union all select patient, stop_latest from raw_medications
    union all select patient, last_confirmed_latest from raw_medications
    union all select patient, date_latest from raw_allergies
    union all select patient, start_latest from raw_trial_participation
    union all select patient, end_latest from raw_trial_participation
    union all select patient, date_latest from raw_attestations
    union all select patient, date_latest from raw_screening_log
),

final as (
    select days.patient
    from days
    cross join extract_date
    where days.latest >= extract_date.day and days.latest < forever()
    union
    select patient from raw_coverage where complete_through_latest >= as_of() - getvariable('keeps_up_days')
)

select patient from final where patient >= 0
