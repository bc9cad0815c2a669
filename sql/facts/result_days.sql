-- What was measured on each day?
-- Grain: one row per patient, concept and exact day; a result whose day is not exact stays a row of its own.
-- Most days have one result: those need no folding (see crowded_days for the others) and no copy.
with single as (
    select * exclude (usable, is_crowded), [source_row] as source_rows
    from result_rows
    where not is_crowded
),

final as (
    select * from single
    union all by name
    select * from crowded_days
)

select
    patient, concept, series, date_earliest, date_latest, date_reasons, value_low, value_high, value_reasons,
    upper_limit_low, upper_limit_high, upper_limit_reasons, lower_limit_low, lower_limit_high,
    lower_limit_reasons, until_start(date_latest) as fact_until, source_row, source_rows, recorded_value,
    recorded_unit
from final
