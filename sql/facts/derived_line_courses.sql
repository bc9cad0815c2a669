-- Where the registry does not number lines: at which steps does a new line begin?
-- Grain: one row per step that belongs to a line; slot: the line, counting every line that may be;
-- action: new (a line surely begins), sure (the line that may have begun surely has), perhaps (a line may
-- begin: needs_review), same.
-- Source: consensus on lines of therapy, Rajkumar et al., Blood 2015;126:921. From it:
--   * a planned sequence (planned = yes) is one line; leaving out a drug, or going on with one, is no new line;
--   * a drug that was not part of the line and not planned (planned = no, or progression in between) begins one;
--   * so does a further transplant, unless it is one of a planned pair.
-- Conventions of the project:
--   * starts within 28 days of a line's first start are one regimen, and so are starts of which the same month or
--     year is recorded;
--   * without a word on planning, a drug new to the line surely begins a line only if everything before it
--     ended more than 180 days earlier; otherwise it may;
--   * a second transplant surely begins a line after more than 180 days; within 180 days it may (a planned
--     pair?), within 28 days it is the same one;
--   * steroids alone are no line; for more than 28 days they may be;
--   * only drugs surely given make a line sure; where the order of partial dates is open, a line only may begin.
-- The full cycle that the consensus asks of a line cannot be seen in the registry and is not checked.
with recursive steps as (select * from line_steps),

walk as (
    select distinct
        patient,
        0::bigint as step,
        0 as slot,
        'none' as action,
        false as slot_is_sure,
        false as any_is_sure,
        forever() as anchor_earliest,
        forever() as anchor_latest,
        forever() as sure_anchor_latest,
        []::varchar[] as drugs_before,
        []::varchar[] as drugs_own,
        beginning() as ended_before,
        beginning() as ended_own,
        beginning() as sure_starts_until,
        null::date as transplant_before,
        null::date as transplant_own
    from steps
    union all
    select
        patient,
        step,
        case when action in ('new', 'perhaps') then slot + 1 else slot end,
        action,
        case when action in ('new', 'sure') then true when action = 'perhaps' then false else slot_is_sure end,
        any_is_sure or action in ('new', 'sure'),
        case when action in ('new', 'perhaps') then start_earliest else anchor_earliest end,
        case when action in ('new', 'perhaps') then start_latest else anchor_latest end,
        case action when 'new' then start_latest when 'sure' then anchor_latest else sure_anchor_latest end,
        case
            when action in ('new', 'sure') then []
            when action = 'perhaps' then list_concat(drugs_before, drugs_own)
            else drugs_before
        end,
        case
            when action in ('new', 'perhaps') then added_drugs
            when action = 'none' then drugs_own
            else list_concat(drugs_own, added_drugs)
        end,
        case
            when action in ('new', 'sure') then beginning()
            when action = 'perhaps' then greatest(ended_before, ended_own)
            else ended_before
        end,
        case
            when action in ('new', 'perhaps') then end_latest
            when action = 'none' then ended_own
            else greatest(ended_own, end_latest)
        end,
        case when is_sure then greatest(sure_starts_until, start_latest) else sure_starts_until end,
        case
            when action in ('new', 'sure') then null
            when action = 'perhaps' then greatest(transplant_before, transplant_own)
            else transplant_before
        end,
        case
            when action in ('new', 'perhaps') then added_transplant
            else greatest(transplant_own, added_transplant)
        end
    from (
        select
            *,
            case
                when finding in ('none', 'same') then finding
                when slot > 0 and is_inside then case when finding = 'new' and not slot_is_sure then 'sure' else 'same' end
                when finding = 'new' and any_is_sure and (may_be_inside or start_earliest < sure_starts_until)
                    then 'perhaps'
                else finding
            end as action
        from (
            select
                *,
                case
                    when kind = 'transplant'
                        then case
                            when slot = 0 then 'perhaps'
                            when last_transplant is null or start_latest - last_transplant <= 28 then 'same'
                            when is_sure and start_earliest - transplant_own > 180 then 'new'
                            else 'perhaps'
                        end
                    when kind = 'preparation' then case when slot = 0 then 'perhaps' else 'same' end
                    when kind = 'drug' and is_sure and not any_is_sure then 'new'
                    when list_contains(drugs_own, concept) then 'same'
                    when kind = 'steroid'
                        then case
                            when end_latest - start_earliest > 28 and not list_contains(drugs_before, concept)
                                then 'perhaps'
                            when slot = 0 then 'none'
                            else 'same'
                        end
                    when not is_sure then 'perhaps'
                    when planned = 'yes' then 'same'
                    when list_contains(drugs_before, concept) then 'perhaps'
                    when planned = 'no' then 'new'
                    when progressed_on > sure_anchor_latest then 'new'
                    when start_earliest - case
                        when is_inside then ended_before else greatest(ended_before, ended_own)
                    end > 180 then 'new'
                    else 'perhaps'
                end as finding
            from (
                select
                    walk.* exclude (step, action),
                    steps.* exclude (patient),
                    walk.slot > 0
                    and (
                        steps.start_latest - walk.anchor_earliest <= 28
                        or (
                            steps.start_earliest = walk.anchor_earliest
                            and steps.start_latest = walk.anchor_latest
                            and steps.start_latest - steps.start_earliest <= 366
                        )
                    ) as is_inside,
                    walk.slot > 0 and steps.start_earliest - walk.anchor_latest <= 28 as may_be_inside,
                    greatest(walk.transplant_before, walk.transplant_own) as last_transplant,
                    case when steps.kind = 'transplant' then steps.start_latest end as added_transplant,
                    case
                        when steps.is_sure and steps.kind in ('drug', 'steroid') then [steps.concept] else []
                    end as added_drugs
                from walk
                join steps on steps.patient = walk.patient and steps.step = walk.step + 1
            )
        )
    )
),

final as (
    select
        walk.slot,
        walk.action,
        walk.slot_is_sure,
        steps.*
    from walk
    join steps on steps.patient = walk.patient and steps.step = walk.step
    where walk.slot > 0 and walk.action <> 'none'
)

select
    patient, slot, action, kind, concept, source_row, start_earliest, start_latest, end_earliest, end_latest,
    is_sure, certain, row_reasons, reasons, fact_until
from final
