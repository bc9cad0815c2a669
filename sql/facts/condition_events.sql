-- When did each condition stand?
-- Grain: one row per delivered diagnosis and concept. Codes and names that no list has are no event; a slip of
-- a listed spelling, or a code broader than a listed one, is that condition perhaps; one that could not be
-- read may be any condition (concept '*'). A missing onset lies anywhere up to the as-of date.
with conditions as (select * from stg_conditions),

extract_date as (select extracted_on from extract_dates),

names as (select text, code_system, system_bad, concept, match from coded_names where kind = 'condition'),

read as (
    select
        conditions.*,
        coalesce(names.concept, '*') as concept,
        coalesce(names.match = 'listed', false) as is_listed,
        conditions.resolved_earliest is not null as has_end,
        coalesce(conditions.status = 'active', false) as is_active,
        coalesce(conditions.onset_earliest, beginning()) as first_earliest,
        -- least() passes over a blank.
        case
            when conditions.onset_latest is null then least(conditions.resolved_latest, as_of())
            else least(conditions.onset_latest, conditions.resolved_latest)
        end as first_latest,
        greatest(extract_date.extracted_on, coalesce(conditions.onset_earliest, beginning())) as known_through
    from conditions
    left join names
        on names.text = conditions.condition
        and names.code_system is not distinct from conditions.code_system
        and names.system_bad = list_contains(conditions.bad_columns, 'code_system')
    cross join extract_date
    where conditions.condition is null or names.match <> 'unlisted' or names.system_bad
),

final as (
    select
        patient,
        concept,
        'conditions' as source_table,
        source_row,
        first_earliest as start_earliest,
        first_latest as start_latest,
        case
            when has_end then greatest(resolved_earliest, first_earliest)
            when is_active then forever()
            else first_earliest
        end as end_earliest,
        case
            when has_end and is_active and resolved_latest <= as_of() then forever()
            when has_end then resolved_latest
            when is_active then forever()
            when status = 'resolved' then known_through
            else forever()
        end as end_latest,
        not quarantined and is_listed and first_latest <= as_of() as certain,
        reason_if(quarantined, 'quarantined')
        | reason_if(condition is not null and not is_listed, 'unmapped_code')
        | reason_if(
            onset_earliest is null
            or is_partial(onset_earliest, onset_latest)
            or is_partial(resolved_earliest, resolved_latest),
            'partial_date'
        )
        | reason_if(has_end and is_active and resolved_latest <= as_of(), 'conflicting_values')
        | reason_if(not has_end and not is_active, 'never_recorded') as reasons,
        until_start(first_latest) as fact_until,
        condition as recorded_name,
        grade as grade_low,
        grade as grade_high,
        rank_of('yes_no', confirmed) as confirmed_low,
        rank_of('yes_no', confirmed) as confirmed_high,
        rank_of('yes_no', controlled) as controlled_low,
        rank_of('yes_no', controlled) as controlled_high,
        rank_of('yes_no', residual_disease) as residual_disease_low,
        rank_of('yes_no', residual_disease) as residual_disease_high,
        rank_of('yes_no', completely_resected) as completely_resected_low,
        rank_of('yes_no', completely_resected) as completely_resected_high
    from read
)

select
    patient, concept, source_table, source_row, start_earliest, start_latest, end_earliest, end_latest, certain,
    case when not certain or start_earliest < start_latest or end_earliest < end_latest then reasons else 0 end
    as reasons,
    fact_until, recorded_name, grade_low, grade_high, confirmed_low, confirmed_high, controlled_low,
    controlled_high, residual_disease_low, residual_disease_high, completely_resected_low,
    completely_resected_high
from final
