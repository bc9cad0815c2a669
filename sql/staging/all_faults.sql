-- Which rows cannot be used, and why?
-- Grain: one row per table, source row, column and rule, of the loader, of staging and of patients who
-- were not read again.
with loader as (select "table", source_row, "column", rule, reason from quarantine),

found as (select "table", source_row, "column", rule, reason from found_faults),

carried as (select "table", source_row, "column", rule, reason from carried_faults),

final as (
    select * from loader
    union
    select * from found
    union
    select * from carried
)

select "table", source_row, "column", rule, reason from final
