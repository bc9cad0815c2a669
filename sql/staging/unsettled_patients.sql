-- Of whom may the same rows say something else on a later day, whatever is asked of them, and from which on?
-- Grain: one row per patient with a day that the as-of date, or the day through which the extract reaches, has yet
-- to come to or has just come to, or with coverage declared for them alone that ends so near that it is expected to
-- move on. read_on: the first as-of date on which one of both comes to such a day; they move on together. A day that
-- they have just come to cannot be told from theirs, so that is tomorrow.
with run_days as (
    select as_of() as run_day
    union
    select extracted_on from extract_dates
),

days as (
    select
        patient,
        unnest([birth_earliest, birth_latest, last_contact_earliest, last_contact_latest, death_earliest, death_latest]) as day
    from raw_patients
    where greatest(birth_latest, last_contact_latest, death_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([onset_earliest, onset_latest, resolved_earliest, resolved_latest]) as day
    from raw_conditions
    where greatest(onset_latest, resolved_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([date_earliest, date_latest]) as day
    from raw_observations
    where date_latest >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([start_earliest, start_latest, stop_earliest, stop_latest]) as day
    from raw_treatments
    where greatest(start_latest, stop_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([date_earliest, date_latest]) as day
    from raw_responses
    where date_latest >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([start_earliest, start_latest, stop_earliest, stop_latest]) as day
    from raw_procedures
    where greatest(start_latest, stop_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([start_earliest, start_latest, stop_earliest, stop_latest, last_confirmed_earliest, last_confirmed_latest]) as day
    from raw_medications
    where greatest(start_latest, stop_latest, last_confirmed_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([date_earliest, date_latest]) as day
    from raw_allergies
    where date_latest >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([start_earliest, start_latest, end_earliest, end_latest]) as day
    from raw_trial_participation
    where greatest(start_latest, end_latest) >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([date_earliest, date_latest]) as day
    from raw_attestations
    where date_latest >= (select min(run_day) from run_days)
    union all
    select
        patient,
        unnest([date_earliest, date_latest]) as day
    from raw_screening_log
    where date_latest >= (select min(run_day) from run_days)
),

final as (
    select days.patient, as_of() + greatest(days.day - run_days.run_day, 1)::integer as read_on
    from days
    join run_days on days.day >= run_days.run_day
    where days.day < forever()
    union all
    select patient, as_of() + 1
    from raw_coverage
    where abs(complete_through_latest - as_of()) <= getvariable('keeps_up_days')
)

select patient, min(read_on) as read_on from final where patient >= 0 group by patient
