-- What is the latest result of each concept?
-- Grain: one row per patient and concept; columns as in schemas.facts.RESULTS.
-- A day may be the latest unless another day surely comes after it and is surely here by the as-of date.
-- Tie rule: where more than one may be, value, limits and date are the span of all of them, and the reasons
-- say why the day is open. Where none is surely here yet there may be no result at all: everything.
with days as not materialized (select * from all_days),

words as (select concept from code_concepts where value_type = 'positive_negative'),

-- Most concepts have one day: that is the latest, and needs no folding, which is most of the work.
floors as (
    select series, max(date_earliest) filter (where date_latest <= as_of()) as latest_sure_day
    from days
    group by series
    having count(*) > 1
),

candidates as (
    select days.*
    from days
    join floors on floors.series = days.series
    where least(days.date_latest, as_of()) >= coalesce(floors.latest_sure_day, beginning())
),

contested as (
    select series from candidates group by series having count(*) > 1
),

uncontested as (
    select days.*
    from days
    anti join floors on floors.series = days.series
    union all
    select candidates.*
    from candidates
    anti join contested on contested.series = candidates.series
),

single as (
    select
        * exclude (series, date_reasons),
        case when date_latest > as_of() then date_reasons else 0 end as day_reasons,
        date_latest > as_of() as may_be_none
    from uncontested
),

folded as (
    select
        patient,
        concept,
        min(date_earliest) as date_earliest,
        max(date_latest) as date_latest,
        min(value_low) as value_low,
        max(value_high) as value_high,
        bit_or(value_reasons) as value_reasons,
        min(upper_limit_low) as upper_limit_low,
        max(upper_limit_high) as upper_limit_high,
        bit_or(upper_limit_reasons) as upper_limit_reasons,
        min(lower_limit_low) as lower_limit_low,
        max(lower_limit_high) as lower_limit_high,
        bit_or(lower_limit_reasons) as lower_limit_reasons,
        bit_or(date_reasons) as day_reasons,
        min(date_latest) > as_of() as may_be_none,
        min(fact_until) as fact_until,
        min(source_row) as source_row,
        list_sort(list_distinct(flatten(list(source_rows)))) as source_rows,
        string_agg(distinct recorded_value, '; ' order by recorded_value) as recorded_value,
        string_agg(distinct recorded_unit, '; ' order by recorded_unit) as recorded_unit
    from candidates
    semi join contested on contested.series = candidates.series
    group by patient, concept
),

united as (
    select * from single
    union all by name
    select * from folded
),

final as (
    select
        * replace (
            case
                when not may_be_none then value_low
                when concept in (from words) then 0
                else -unbounded()
            end as value_low,
            case
                when not may_be_none then value_high
                when concept in (from words) then 1
                else unbounded()
            end as value_high,
            case when may_be_none then 0 else upper_limit_low end as upper_limit_low,
            case when may_be_none then unbounded() else upper_limit_high end as upper_limit_high,
            case when may_be_none then 0 else lower_limit_low end as lower_limit_low,
            case when may_be_none then unbounded() else lower_limit_high end as lower_limit_high
        )
    from united
)

select
    patient, concept, date_earliest, date_latest, value_low, value_high,
    case when value_low < value_high then value_reasons | day_reasons else 0 end as value_reasons,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then upper_limit_reasons | day_reasons else 0
    end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then lower_limit_reasons | day_reasons else 0
    end as lower_limit_reasons,
    fact_until, 'observations' as source_table, source_row, source_rows, recorded_value, recorded_unit
from final
