-- Every result of the concepts whose days are counted.
-- Grain: one row per patient, concept and day; columns as in schemas.facts.RESULTS.
with days as (select * from all_days),

wanted as (select concept from wanted_measurements where is_counted),

final as (
    select days.*
    from days
    join wanted on wanted.concept = days.concept
)

select
    patient, concept, date_earliest, date_latest, value_low, value_high, value_reasons, upper_limit_low,
    upper_limit_high, upper_limit_reasons, lower_limit_low, lower_limit_high, lower_limit_reasons, fact_until,
    'observations' as source_table, source_row, source_rows, recorded_value, recorded_unit
from final
