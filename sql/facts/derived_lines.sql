-- Where the registry does not number lines: which lines are there?
-- Grain: one row per patient and line that is or may be (see derived_line_courses for the rules). block: a
-- certain line and those after it that may be: if they are not, their courses are its own, so it may end with
-- them. line_number: between the number of certain lines up to it and of all lines up to it.
with courses as (select * from derived_line_courses),

folded as (
    select
        patient,
        slot,
        bool_or(action in ('new', 'sure')) as certain,
        min(start_earliest) as start_earliest,
        coalesce(min(start_latest) filter (where is_sure), min(start_latest)) as start_latest,
        coalesce(max(end_earliest) filter (where is_sure), min(start_earliest)) as end_earliest,
        max(end_latest) as own_end_latest,
        bit_or(reasons) as reasons,
        min(fact_until) as fact_until
    from courses
    group by patient, slot
),

numbered as (
    select
        *,
        (count(*) filter (where certain) over (partition by patient order by slot))::integer as block
    from folded
),

final as (
    select
        patient,
        slot,
        block,
        start_earliest,
        start_latest,
        end_earliest,
        max(own_end_latest) over (
            partition by patient, block order by slot rows between current row and unbounded following
        ) as end_latest,
        certain,
        reasons | reason_if(
            not certain
            or count(*) over (partition by patient, block order by slot rows between 1 following and unbounded following) > 0,
            'needs_review'
        ) as reasons,
        fact_until,
        case when certain then block else block + 1 end as line_number_low,
        slot as line_number_high
    from numbered
)

select
    patient, slot, block, start_earliest, start_latest, end_earliest, end_latest, certain, reasons, fact_until,
    line_number_low, line_number_high
from final
