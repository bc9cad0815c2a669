-- Which concept does a condition, observation or procedure name, by a spelling or by a code?
-- Grain: one row per kind, text, code system as delivered (null: concept) and concept.
-- system_bad: the code system could not be read, so every way to read the text is tried.
-- match: listed; close (a slip of a listed spelling, or a code broader than a listed one); unlisted (concept
-- '*'). Of several listed codes the longest wins.
with conditions as (select condition, code_system, bad_columns from raw_conditions),

observations as (select observation, code_system, bad_columns from raw_observations),

procedures as (select procedure, code_system, bad_columns from raw_procedures),

spellings as (select kind, name as key, concept from code_names),

codes as (
    select concepts.kind, codes.code_system, codes.code_key as key, codes.match, codes.concept
    from code_codes as codes
    join code_concepts as concepts on concepts.concept = codes.concept
),

texts as (
    select distinct
        'condition' as kind,
        condition as text,
        code_system,
        list_contains(bad_columns, 'code_system') as system_bad
    from conditions
    where condition is not null
    union
    select distinct 'observation', observation, code_system, list_contains(bad_columns, 'code_system')
    from observations
    where observation is not null
    union
    select distinct 'procedure', procedure, code_system, list_contains(bad_columns, 'code_system')
    from procedures
    where procedure is not null
),

hits as (
    select texts.kind, texts.text, texts.code_system, texts.system_bad, spellings.concept, 0 as code_length
    from texts
    join spellings on spellings.kind = texts.kind and spellings.key = name_key(texts.text)
    where texts.system_bad or coalesce(texts.code_system, 'concept') = 'concept'
    union
    select texts.kind, texts.text, texts.code_system, texts.system_bad, codes.concept, len(codes.key)
    from texts
    join codes
        on codes.kind = texts.kind
        and (texts.system_bad or codes.code_system = texts.code_system)
        and (
            codes.key = code_key(texts.text)
            or (codes.match = 'prefix' and starts_with(code_key(texts.text), codes.key))
        )
),

best_hits as (
    select kind, text, code_system, system_bad, concept
    from hits
    qualify code_length = max(code_length) over (partition by kind, text, code_system, system_bad)
),

unlisted_texts as (
    select texts.kind, texts.text, texts.code_system, texts.system_bad
    from texts
    left join best_hits
        on best_hits.kind = texts.kind
        and best_hits.text = texts.text
        and best_hits.code_system is not distinct from texts.code_system
        and best_hits.system_bad = texts.system_bad
    where best_hits.concept is null
),

close_texts as (
    select distinct unlisted.kind, unlisted.text, unlisted.code_system, unlisted.system_bad, spellings.concept
    from unlisted_texts as unlisted
    join spellings on spellings.kind = unlisted.kind and is_close(name_key(unlisted.text), spellings.key)
    where coalesce(unlisted.code_system, 'concept') = 'concept'
    union
    -- A category such as C90 holds the listed C90.0 and others.
    select distinct unlisted.kind, unlisted.text, unlisted.code_system, unlisted.system_bad, codes.concept
    from unlisted_texts as unlisted
    join codes
        on codes.kind = unlisted.kind
        and codes.code_system = 'icd10cm'
        and unlisted.code_system = 'icd10cm'
        and starts_with(codes.key, code_key(unlisted.text))
    where len(code_key(unlisted.text)) >= 3
),

final as (
    select kind, text, code_system, system_bad, concept, 'listed' as match from best_hits
    union
    select kind, text, code_system, system_bad, concept, 'close' as match from close_texts
    union
    select unlisted.kind, unlisted.text, unlisted.code_system, unlisted.system_bad, '*', 'unlisted'
    from unlisted_texts as unlisted
    left join close_texts
        on close_texts.kind = unlisted.kind
        and close_texts.text = unlisted.text
        and close_texts.code_system is not distinct from unlisted.code_system
        and close_texts.system_bad = unlisted.system_bad
    where close_texts.concept is null
)

select kind, text, code_system, system_bad, concept, match
from final
order by kind, text, code_system, system_bad, concept, match
