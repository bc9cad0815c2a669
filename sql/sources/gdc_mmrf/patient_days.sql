-- When was each patient born?
-- Grain: one row per delivered row of patients. birth_earliest, birth_latest: null where neither the day of
-- birth nor the age says; the day comes before the age. age_bad: the age is not one; age_differs: the two
-- cannot both be true.
-- The age is in completed years, but not always of the index date itself: where both are given, about one age
-- in thirty is a year less than the day of birth gives, and one now and then a year more. So an age alone
-- leaves a year open on either side. '> 89' is 90 or more. Ninety years before the index date is also where days to birth are cut off, so such
-- a day is the latest that the birth can have been.
with rows as (
    select source_row, age_at_index, days_to_birth, bad_columns from source.raw_patients
),

read as (
    select
        *,
        starts_with(age_at_index, '>') as age_is_least,
        try_cast(regexp_extract(age_at_index, '^(> ?)?([0-9]{1,3})(\.0+)?$', 2) as integer) as age_number
    from rows
),

judged as (
    select
        *,
        age_number + age_is_least::integer as age,
        age_at_index is not null and coalesce(age_number > 120, true) as age_bad
    from read
),

intervals as (
    select
        *,
        case when days_to_birth <= -32871 then beginning() else on_day(days_to_birth) end as day_earliest,
        on_day(days_to_birth) as day_latest,
        case
            when age_bad then null
            when age_is_least then beginning()
            else (index_date() - to_years(age + 2))::date + 1
        end as age_earliest,
        case when not age_bad then (index_date() - to_years(age - 1))::date end as age_latest
    from judged
),

final as (
    select
        *,
        list_contains(bad_columns, 'days_to_birth') as day_bad,
        coalesce(day_earliest > age_latest or day_latest < age_earliest, false) as age_differs,
        coalesce(day_earliest, age_earliest) as birth_earliest,
        coalesce(day_latest, age_latest) as birth_latest
    from intervals
)

select source_row, birth_earliest, birth_latest, day_bad, age_bad, age_differs from final
