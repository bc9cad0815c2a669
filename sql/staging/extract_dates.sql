-- Through which day does the extract reach?
-- Grain: one row. As its sender says; else the latest exact date in it that is not after the as-of date
-- (dates of birth and of coverage aside); BEGINNING where there is none.
with info as (select extracted_on from extract_info),

days as (
    select last_contact_earliest as day, last_contact_latest as latest from raw_patients
    union all select death_earliest, death_latest from raw_patients
    union all select onset_earliest, onset_latest from raw_conditions
    union all select resolved_earliest, resolved_latest from raw_conditions
    union all select date_earliest, date_latest from raw_observations
    union all select start_earliest, start_latest from raw_treatments
    union all select stop_earliest, stop_latest from raw_treatments
    union all select date_earliest, date_latest from raw_responses
    union all select start_earliest, start_latest from raw_procedures
    union all select stop_earliest, stop_latest from raw_procedures
    union all select start_earliest, start_latest from raw_medications
    union all select stop_earliest, stop_latest from raw_medications
    union all select last_confirmed_earliest, last_confirmed_latest from raw_medications
    union all select date_earliest, date_latest from raw_allergies
    union all select start_earliest, start_latest from raw_trial_participation
    union all select end_earliest, end_latest from raw_trial_participation
    union all select date_earliest, date_latest from raw_attestations
    union all select date_earliest, date_latest from raw_screening_log
),

latest_day as (select max(day) as day from days where day = latest and day <= as_of()),

final as (
    select coalesce((select max(extracted_on) from info), latest_day.day, beginning()) as extracted_on
    from latest_day
)

select extracted_on from final
