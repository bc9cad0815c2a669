-- Which rows cannot be used, and why? The columns are named as delivered.
-- Grain: one row per table of the contract, source row, column and rule.
with final as (select "table", source_row, "column", rule, reason from cell_faults)

select "table", source_row, "column", rule, reason from final order by all
