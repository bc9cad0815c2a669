-- What was measured on the days that have more than one result?
-- Grain: one row per patient, concept and such day; columns as in result_days, whose part it is.
-- Tie rule: different values of one day give the span of both (conflicting_values), whatever their order.
with crowded as (select * from result_rows where is_crowded),

final as (
    select
        patient,
        concept,
        series,
        date_earliest,
        date_latest,
        bit_or(date_reasons) as date_reasons,
        min(value_low) as value_low,
        max(value_high) as value_high,
        bit_or(value_reasons)
        | reason_if(
            coalesce(
                min(value_low) filter (where usable) < max(value_low) filter (where usable)
                or min(value_high) filter (where usable) < max(value_high) filter (where usable),
                false
            ),
            'conflicting_values'
        ) as value_reasons,
        min(upper_limit_low) as upper_limit_low,
        max(upper_limit_high) as upper_limit_high,
        bit_or(upper_limit_reasons)
        | reason_if(
            min(upper_limit_low) < max(upper_limit_low) or min(upper_limit_high) < max(upper_limit_high),
            'conflicting_values'
        ) as upper_limit_reasons,
        min(lower_limit_low) as lower_limit_low,
        max(lower_limit_high) as lower_limit_high,
        bit_or(lower_limit_reasons)
        | reason_if(
            min(lower_limit_low) < max(lower_limit_low) or min(lower_limit_high) < max(lower_limit_high),
            'conflicting_values'
        ) as lower_limit_reasons,
        min(source_row) as source_row,
        list(source_row order by source_row) as source_rows,
        string_agg(distinct recorded_value, '; ' order by recorded_value) as recorded_value,
        string_agg(distinct recorded_unit, '; ' order by recorded_unit) as recorded_unit
    from crowded
    group by patient, concept, series, date_earliest, date_latest
)

select
    patient, concept, series, date_earliest, date_latest, date_reasons, value_low, value_high,
    case when value_low < value_high then value_reasons else 0 end as value_reasons,
    upper_limit_low, upper_limit_high,
    case when upper_limit_low < upper_limit_high then upper_limit_reasons else 0 end as upper_limit_reasons,
    lower_limit_low, lower_limit_high,
    case when lower_limit_low < lower_limit_high then lower_limit_reasons else 0 end as lower_limit_reasons,
    source_row, source_rows, recorded_value, recorded_unit
from final
