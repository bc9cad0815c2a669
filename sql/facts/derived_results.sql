-- What follows from two results of the same exact day where the registry has no result of its own?
-- Grain: one row per patient, derived concept and day.
-- corrected_calcium (mg/dL) = calcium + 0.8 * (4.0 - albumin g/dL): the common form of the correction after
--   Payne, BMJ 1973;4:643 (which printed the coefficient 1.0).
-- flc_ratio = kappa / lambda, with the default range of the code list as its limits.
-- qtc_fridericia_or_unstated (ms) = qtc_fridericia, else qtc of that day (formula not stated).
-- Two inputs that may be of one day, but are not known to be, give an open result of that possible day.
-- Rounded once to nine places, halves to the even neighbour.
with days as not materialized (
    select
        patient, concept, series, date_earliest, date_latest, date_reasons, value_low, value_high, value_reasons,
        upper_limit_low, upper_limit_high, upper_limit_reasons, lower_limit_low, lower_limit_high,
        lower_limit_reasons, fact_until, source_row, source_rows, recorded_value, recorded_unit
    from result_days
),

wanted as (select concept from wanted_measurements),

concepts as (select concept, number, limit_low, limit_high, lower_limit_default from code_concepts),

pairs as (select concept, first_concept, second_concept from wanted_pairs),

recorded as (
    select patient, concept, date_earliest
    from days
    where date_earliest = date_latest
        and (concept = 'qtc_fridericia' or concept in (select concept from pairs))
),


paired as (
    select
        first_days.patient,
        pairs.concept,
        greatest(first_days.date_earliest, second_days.date_earliest) as date_earliest,
        least(first_days.date_latest, second_days.date_latest) as date_latest,
        first_days.date_earliest = first_days.date_latest
        and second_days.date_earliest = second_days.date_latest as same_exact_day,
        first_days.date_reasons | second_days.date_reasons as date_reasons,
        to_billionths(first_days.value_low) as first_low,
        to_billionths(first_days.value_high) as first_high,
        to_billionths(second_days.value_low) as second_low,
        to_billionths(second_days.value_high) as second_high,
        first_days.value_reasons | second_days.value_reasons as value_reasons,
        least(first_days.fact_until, second_days.fact_until) as fact_until,
        first_days.source_rows as first_rows,
        second_days.source_rows as second_rows,
        pairs.first_concept,
        pairs.second_concept,
        concat_ws(' ', first_days.recorded_value, first_days.recorded_unit) as first_recorded,
        concat_ws(' ', second_days.recorded_value, second_days.recorded_unit) as second_recorded
    from pairs
    join days as first_days on first_days.concept = pairs.first_concept
    join days as second_days
        on second_days.patient = first_days.patient
        and second_days.concept = pairs.second_concept
        and second_days.date_earliest <= first_days.date_latest
        and second_days.date_latest >= first_days.date_earliest
),

not_recorded as (
    select paired.*
    from paired
    left join recorded
        on paired.date_earliest = paired.date_latest
        and recorded.patient = paired.patient
        and recorded.concept = paired.concept
        and recorded.date_earliest = paired.date_earliest
    where recorded.patient is null
),

with_low as (
    select
        *,
        list_sort(list_distinct(list_concat(first_rows, second_rows))) as source_rows,
        concat_ws(', ', first_concept || ' ' || first_recorded, second_concept || ' ' || second_recorded)
        as recorded_value,
        case
            when not same_exact_day then -unbounded()
            when concept = 'corrected_calcium'
                then clipped(from_billionths(round_ratio(10 * first_low + 8 * (4000000000 - second_high), 10)))
            else clipped(
                from_billionths(round_ratio(1000000000 * greatest(first_low, 0), greatest(second_high, 1)))
            )
        end as value_low
    from not_recorded
),

computed as (
    select
        *,
        case
            when not same_exact_day then unbounded()
            -- Two plain values, as most are, give one: the division is dear.
            when first_low = first_high and second_low = second_high
                and (concept = 'corrected_calcium' or second_low > 0)
                then value_low
            when concept = 'corrected_calcium'
                then clipped(from_billionths(round_ratio(10 * first_high + 8 * (4000000000 - second_low), 10)))
            when second_low <= 0 then unbounded()
            else clipped(from_billionths(round_ratio(1000000000 * greatest(first_high, 0), second_low)))
        end as value_high
    from with_low
),

from_pairs as (
    select
        computed.patient,
        computed.concept,
        series_of(computed.patient, concepts.number) as series,
        computed.date_earliest,
        computed.date_latest,
        computed.date_reasons,
        computed.value_low,
        computed.value_high,
        computed.value_reasons | computed.date_reasons as value_reasons,
        coalesce(concepts.limit_low, 0)::decimal(38, 9) as upper_limit_low,
        coalesce(concepts.limit_high, unbounded())::decimal(38, 9) as upper_limit_high,
        reason('no_upper_limit') as upper_limit_reasons,
        coalesce(concepts.lower_limit_default, 0)::decimal(38, 9) as lower_limit_low,
        coalesce(concepts.lower_limit_default, unbounded())::decimal(38, 9) as lower_limit_high,
        reason('no_upper_limit') as lower_limit_reasons,
        computed.fact_until,
        computed.source_rows[1] as source_row,
        computed.source_rows,
        computed.recorded_value,
        null::varchar as recorded_unit
    from computed
    join concepts on concepts.concept = computed.concept
),

qtc as (
    select
        days.* replace (
            wanted.concept as concept, series_of(days.patient, concepts.number) as series
        )
    from days
    join wanted on wanted.concept = 'qtc_fridericia_or_unstated'
    join concepts on concepts.concept = wanted.concept
    left join recorded
        on recorded.patient = days.patient
        and recorded.concept = 'qtc_fridericia'
        and recorded.date_earliest = days.date_earliest
        and days.date_earliest = days.date_latest
    where days.concept = 'qtc_fridericia' or (days.concept = 'qtc' and recorded.patient is null)
),

final as (
    select * from from_pairs
    union all by name
    select * from qtc
)

select
    patient, concept, series, date_earliest, date_latest, date_reasons, value_low, value_high,
    case when value_low < value_high then value_reasons else 0 end as value_reasons,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then upper_limit_reasons else 0 end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then lower_limit_reasons else 0 end as lower_limit_reasons,
    fact_until, source_row, source_rows, recorded_value, recorded_unit
from final
