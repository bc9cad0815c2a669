-- Which lines of therapy has the patient had?
-- Grain: one row per patient and line that is or may be: as the registry numbers them, else derived. line_row
-- counts a patient's lines by their start. First day: the first start of its courses; last day: their last end.
with numbered as (select * from numbered_lines),

derived as (select * from derived_lines),

united as (
    select *, true as is_numbered from numbered
    union all by name
    select *, false as is_numbered from derived
),

final as (
    select
        *,
        (
            row_number() over (partition by patient order by start_earliest, start_latest, slot)
        )::integer as line_row
    from united
)

select
    patient, line_row, slot, block, is_numbered, start_earliest, start_latest, end_earliest, end_latest, certain,
    case when not certain or start_earliest < start_latest or end_earliest < end_latest then reasons else 0 end
    as reasons,
    fact_until, line_number_low, line_number_high
from final
