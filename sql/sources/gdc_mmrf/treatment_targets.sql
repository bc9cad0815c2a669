-- Is a delivered treatment a course of drugs, a procedure, or both?
-- Grain: one row per delivered row of treatments and table of the contract. A kind of treatment without a drug
-- is a procedure; so is a transplant beside a drug. Whatever names neither may have been any drug.
with rows as (
    select
        source_row,
        therapeutic_agents is not null or list_contains(bad_columns, 'therapeutic_agents') as has_agents,
        treatment_type
    from source.raw_treatments
),

final as (
    select source_row, 'treatments' as "table" from rows where has_agents or treatment_type is null
    union all
    select source_row, 'procedures' as "table"
    from rows
    where treatment_type is not null
        and (not has_agents or starts_with(lower(treatment_type), 'stem cell transplant'))
)

select source_row, "table" from final
