-- Which drugs does the text of a treatment, medication or allergy name?
-- Grain: one row per domain (drug, allergy), text as delivered and concept. A regimen gives each of its
-- drugs; a cell with several agents is split. match: listed, close (a slip of a listed spelling), unlisted
-- (concept '*'). The whole text comes before its parts, a regimen before a name before a code.
with treatments as (select drug from raw_treatments),

medications as (select drug from raw_medications),

allergies as (select substance from raw_allergies),

spellings as (select kind, name as key, concept, biologic from code_names),

regimens as (select regimen, concept from code_regimens),

codes as (
    select codes.code_key as key, codes.match, codes.concept
    from code_codes as codes
    join code_concepts as concepts on concepts.concept = codes.concept and concepts.kind in ('drug', 'substance')
    where codes.code_system in ('rxnorm', 'atc', 'omop')
),

texts as (
    select 'drug' as domain, drug as text from treatments where drug is not null
    union
    select 'drug' as domain, drug as text from medications where drug is not null
    union
    select 'allergy' as domain, substance as text from allergies where substance is not null
),

listed as (
    select 'drug' as domain, regimen as key, concept, 1 as level, false as biologic from regimens
    union
    select 'drug' as domain, key, concept, 2 as level, biologic from spellings where kind in ('drug', 'substance')
    union
    select 'allergy' as domain, key, concept, 2 as level, biologic from spellings where kind in ('drug', 'substance')
),

pieces as (
    select domain, text, 0 as piece, name_key(text) as key from texts
    union all
    select
        domain,
        text,
        generate_subscripts(string_split_regex(name_key(text), '\s*[/+;,&]\s*|\s+and\s+'), 1) as piece,
        unnest(string_split_regex(name_key(text), '\s*[/+;,&]\s*|\s+and\s+')) as key
    from texts
),

hits as (
    select pieces.domain, pieces.text, pieces.piece, listed.concept, listed.level
    from pieces
    join listed on listed.domain = pieces.domain and listed.key = pieces.key
    union
    select pieces.domain, pieces.text, pieces.piece, listed.concept, 3 as level
    from pieces
    join listed
        on listed.domain = pieces.domain and listed.biologic and listed.key = without_suffix(pieces.key)
    where without_suffix(pieces.key) <> pieces.key
    union
    select pieces.domain, pieces.text, pieces.piece, codes.concept, 4 as level
    from pieces
    join codes
        on code_key(pieces.key) = codes.key
        or (codes.match = 'prefix' and starts_with(code_key(pieces.key), codes.key))
),

best_hits as (
    select domain, text, piece, concept
    from hits
    qualify level = min(level) over (partition by domain, text, piece)
),

known_texts as (select distinct domain, text from best_hits where piece = 0),

counted_pieces as (
    select pieces.domain, pieces.text, pieces.piece, pieces.key
    from pieces
    left join known_texts on known_texts.domain = pieces.domain and known_texts.text = pieces.text
    where pieces.key <> '' and (pieces.piece = 0) = (known_texts.text is not null)
),

unlisted_pieces as (
    select counted_pieces.domain, counted_pieces.text, counted_pieces.piece, counted_pieces.key
    from counted_pieces
    left join best_hits
        on best_hits.domain = counted_pieces.domain
        and best_hits.text = counted_pieces.text
        and best_hits.piece = counted_pieces.piece
    where best_hits.concept is null
),

close_pieces as (
    select distinct unlisted_pieces.domain, unlisted_pieces.text, unlisted_pieces.piece, listed.concept
    from unlisted_pieces
    join listed on listed.domain = unlisted_pieces.domain and is_close(unlisted_pieces.key, listed.key)
),

final as (
    select counted_pieces.domain, counted_pieces.text, best_hits.concept, 'listed' as match
    from counted_pieces
    join best_hits
        on best_hits.domain = counted_pieces.domain
        and best_hits.text = counted_pieces.text
        and best_hits.piece = counted_pieces.piece
    union
    select domain, text, concept, 'close' as match from close_pieces
    union
    select unlisted_pieces.domain, unlisted_pieces.text, '*' as concept, 'unlisted' as match
    from unlisted_pieces
    left join close_pieces
        on close_pieces.domain = unlisted_pieces.domain
        and close_pieces.text = unlisted_pieces.text
        and close_pieces.piece = unlisted_pieces.piece
    where close_pieces.concept is null
)

select domain, text, concept, match from final order by domain, text, concept, match
