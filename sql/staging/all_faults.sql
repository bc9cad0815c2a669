-- Which rows cannot be used, and why?
-- Grain: one row per table, source row, column and rule, of the loader and of staging.
with loader as (select "table", source_row, "column", rule, reason from quarantine),

found as (select "table", source_row, "column", rule, reason from found_faults),

final as (
    select * from loader
    union
    select * from found
)

select "table", source_row, "column", rule, reason from final
