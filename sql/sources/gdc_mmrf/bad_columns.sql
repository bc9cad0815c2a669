-- Which columns of the contract hold no information in a row that cannot be used?
-- Grain: one row per table of the contract and source row with a fault.
with faults as (select "table", source_row, field from cell_faults),

final as (
    select
        "table",
        source_row,
        coalesce(list_sort(list_distinct(list(field) filter (where field is not null))), []) as bad_columns
    from faults
    group by "table", source_row
)

select "table", source_row, bad_columns from final
