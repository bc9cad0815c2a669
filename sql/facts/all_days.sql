-- Every day with a result, recorded or derived, of the concepts asked for.
-- Grain: one row per patient, concept and day (see result_days and derived_results for ties and units).
with recorded as (select * from result_days),

derived as (select * from derived_results),

wanted as (select concept from wanted_measurements where is_published),

united as (
    select * from recorded
    union all by name
    select * from derived
),

final as (
    select united.*
    from united
    join wanted on wanted.concept = united.concept
)

select
    patient, concept, series, date_earliest, date_latest, date_reasons, value_low, value_high, value_reasons,
    upper_limit_low, upper_limit_high, upper_limit_reasons, lower_limit_low, lower_limit_high,
    lower_limit_reasons, fact_until, source_row, source_rows, recorded_value, recorded_unit
from final
