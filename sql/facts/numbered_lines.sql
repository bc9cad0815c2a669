-- Where the registry numbers lines: which lines are there?
-- Grain: one row per patient and line. A number with a course that was surely given is a certain line; a
-- number left out below the highest is a line that may be, between its neighbours (never_recorded); so is
-- every cluster of courses without a number outside all numbered lines (needs_review).
with courses as (select * from numbered_line_courses),

recorded as (
    select
        patient,
        slot,
        min(start_earliest) as start_earliest,
        coalesce(min(start_latest) filter (where makes_line), min(start_latest)) as start_latest,
        coalesce(max(end_earliest) filter (where makes_line), min(start_earliest)) as end_earliest,
        max(end_latest) as end_latest,
        slot < 100 and bool_or(makes_line and has_number) as certain,
        bit_or(row_reasons) | reason_if(slot >= 100, 'needs_review') as reasons,
        min(fact_until) as fact_until,
        case when slot < 100 then slot end as line_number
    from courses
    group by patient, slot
),

numbers as (
    select patient, unnest(range(1, max(slot)))::integer as slot from recorded where slot < 100 group by patient
),

left_out as (
    select numbers.patient, numbers.slot
    from numbers
    anti join recorded on recorded.patient = numbers.patient and recorded.slot = numbers.slot
),

between_neighbours as (
    select
        left_out.patient,
        left_out.slot,
        coalesce(
            arg_max(recorded.start_earliest, recorded.slot) filter (where recorded.slot < left_out.slot),
            beginning()
        ) as start_earliest,
        arg_min(recorded.start_latest, recorded.slot) filter (where recorded.slot > left_out.slot) as start_latest
    from left_out
    join recorded on recorded.patient = left_out.patient and recorded.slot < 100
    group by left_out.patient, left_out.slot
),

final as (
    select
        patient, slot, start_earliest, start_latest, end_earliest, end_latest, certain, reasons, fact_until,
        line_number as line_number_low, line_number as line_number_high
    from recorded
    union all
    select
        patient, slot, start_earliest, greatest(start_latest, start_earliest), start_earliest,
        greatest(start_latest, start_earliest), false, reason('never_recorded'), forever(), slot, slot
    from between_neighbours
)

select
    patient, slot, start_earliest, start_latest, end_earliest, end_latest, certain, reasons, fact_until,
    line_number_low, line_number_high
from final
