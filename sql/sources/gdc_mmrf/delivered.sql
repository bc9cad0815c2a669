-- Which tables of the contract does the extract speak of?
-- Grain: one row per table. Patients also state the diagnosis, treatments also the transplants.
with files as (select name from source.delivered),

final as (
    select unnest(['patients', 'conditions']) as name from files where name = 'patients'
    union all
    select unnest(['treatments', 'procedures']) as name from files where name = 'treatments'
)

select name from final order by name
