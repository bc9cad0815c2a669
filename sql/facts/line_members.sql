-- Which drugs were given in each line?
-- Grain: one row per patient, line and drug; certain: if the line is one, the drug was part of it.
-- A derived line also has the drugs that went on from before, and perhaps those of later lines that may not
-- be lines of their own.
with lines as (select * from lines),

numbered as (select * from numbered_line_courses),

derived as (select * from derived_line_courses where kind <> 'transplant'),

derived_lines as (select * from lines where not is_numbered),

of_numbered as (
    select lines.patient, lines.line_row, numbered.concept, numbered.is_member as certain
    from lines
    join numbered on numbered.patient = lines.patient and numbered.slot = lines.slot
    where lines.is_numbered
),

own as (
    select derived_lines.patient, derived_lines.line_row, derived.concept, derived.certain
    from derived_lines
    join derived on derived.patient = derived_lines.patient and derived.slot = derived_lines.slot
),

gone_on as (
    select
        derived_lines.patient,
        derived_lines.line_row,
        derived.concept,
        derived.certain and derived.end_earliest > derived_lines.start_latest as certain
    from derived_lines
    join derived
        on derived.patient = derived_lines.patient
        and derived.slot < derived_lines.slot
        and derived.end_latest > derived_lines.start_earliest
),

of_later as (
    select derived_lines.patient, derived_lines.line_row, derived.concept, false as certain
    from derived_lines
    join derived_lines as later
        on later.patient = derived_lines.patient
        and later.block = derived_lines.block
        and later.slot > derived_lines.slot
    join derived on derived.patient = later.patient and derived.slot = later.slot
),

united as (
    select * from of_numbered
    union all select * from own
    union all select * from gone_on
    union all select * from of_later
),

final as (
    select patient, line_row, concept, bool_or(certain) as certain
    from united
    group by patient, line_row, concept
)

select patient, line_row, concept, certain from final
