-- What is each delivered result about, of when, and can it be used?
-- Grain: one row per delivered row and concept; cancelled rows, unlisted observations, unknown patients and
-- results dated surely after the as-of date are left out. The values stay where they were delivered: most are
-- never needed (place says where). A row without a readable observation may be any of them.
-- series: patient and concept as one number, to group by.
-- unit_number: how the value is turned into the concept's own unit (see observation_units). The unit is the row's,
-- else the extract's default for the observation, else blank.
-- usable: the value may be read; if not, problem_reasons says why and the value is open.
-- status_rank: of the results of one day only the highest counts (corrected, final or blank, preliminary).
-- Read twice rather than copied: of the second reading only the few rows without an observation are left.
with observations as not materialized (
    select
        place, source_row, patient, observation, code_system, date_earliest, date_latest, value_low, value_high,
        value_word, unit, status, quarantined, bad_columns
    from batch_observations
    where patient >= 0 and coalesce(date_earliest, beginning()) <= as_of() and coalesce(status, 'final') <> 'cancelled'
),

names as (select kind, text, code_system, system_bad, concept, match from coded_names where kind = 'observation'),

concepts as (select concept, number, value_type from code_concepts where kind = 'observation'),

units as (select concept, unit, unit_number, lowest, highest from observation_units),

defaults as (select observation, min(unit) as unit from default_units group by observation),

named as (
    select observations.*, names.concept, names.match
    from observations
    join names
        on names.text = observations.observation
        and names.code_system is not distinct from observations.code_system
        and names.system_bad = list_contains(observations.bad_columns, 'code_system')
    where names.match <> 'unlisted'
    union all
    select observations.*, concepts.concept, 'any' as match
    from observations
    cross join concepts
    where observations.observation is null
),

joined as (
    select
        named.*,
        concepts.value_type,
        series_of(named.patient, concepts.number) as series,
        units.unit_number,
        units.lowest,
        units.highest,
        named.date_earliest is null or list_contains(named.bad_columns, 'date') as date_bad,
        lower_end(named.value_low, named.value_high) as low,
        upper_end(named.value_low, named.value_high) as high
    from named
    join concepts on concepts.concept = named.concept
    left join defaults as by_text on by_text.observation = named.observation
    left join defaults as by_concept on by_concept.observation = named.concept
    left join units
        on units.concept = named.concept
        and units.unit = coalesce(named.unit, by_text.unit, by_concept.unit, '')
),

judged as (
    select
        *,
        quarantined and list_has_any(bad_columns, ['observation', 'code_system', 'value', 'status'])
        as is_unreadable,
        value_type = 'number' and unit_number is null as has_no_unit,
        case
            when value_type = 'number' then value_word is not null
            else value_word is null and low is not null
        end as has_wrong_type,
        coalesce(
            value_type = 'number' and unit_number is not null and (low > highest or high < lowest), false
        ) as is_implausible
    from joined
),

final as (
    select
        patient,
        concept,
        series,
        place,
        source_row,
        case when date_bad then beginning() else date_earliest end as date_earliest,
        case when date_bad then forever() else date_latest end as date_latest,
        case
            when date_bad then reason('quarantined')
            when date_earliest < date_latest then reason('partial_date')
            else 0
        end as date_reasons,
        unit_number,
        list_contains(bad_columns, 'upper_limit') or list_contains(bad_columns, 'lower_limit') as limit_bad,
        not is_unreadable and match = 'listed' and not has_no_unit and not has_wrong_type
        and not is_implausible and (low is not null or value_word is not null) as usable,
        reason_if(is_unreadable or has_wrong_type or (low is null and value_word is null), 'quarantined')
        | reason_if(match = 'close', 'unmapped_code')
        | reason_if(has_no_unit and match <> 'any', 'unit_unclear')
        | reason_if(is_implausible, 'implausible_value') as problem_reasons,
        case
            when list_contains(bad_columns, 'status') or status = 'corrected' then 3
            when status = 'preliminary' then 1
            else 2
        end as status_rank,
        has_no_unit and not is_unreadable and match = 'listed' as has_unknown_unit,
        has_wrong_type and not is_unreadable and match = 'listed' as has_wrong_type,
        is_implausible and not is_unreadable and match = 'listed' as is_implausible
    from judged
)

select
    patient, concept, series, place, source_row, date_earliest, date_latest, date_reasons, unit_number, limit_bad,
    usable, problem_reasons, status_rank, has_unknown_unit, has_wrong_type, is_implausible
from final
