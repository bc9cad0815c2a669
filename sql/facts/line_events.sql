-- The lines of therapy as events.
-- Grain: one row per patient and line; source_row counts a patient's lines; attribute line_number.
with lines as (select * from lines),

final as (
    select
        patient,
        'lines' as concept,
        'lines' as source_table,
        line_row as source_row,
        start_earliest,
        start_latest,
        end_earliest,
        end_latest,
        certain and start_latest <= as_of() as certain,
        reasons,
        fact_until,
        null::varchar as recorded_name,
        line_number_low,
        line_number_high
    from lines
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    reasons, fact_until, recorded_name, line_number_low, line_number_high
from final
