-- Which diagnoses were delivered?
-- Grain: one row per delivered row; rows alike in every column are folded into the first of them.
-- Rows ruled out, unknown patients and rows that start surely after the as-of date are left out. Dates and words as delivered.
with rows as (
    select
        source_row, patient, condition, code_system, onset_earliest, onset_latest, resolved_earliest, resolved_latest, status,
        confirmed, grade, controlled, residual_disease, completely_resected,
        quarantined, bad_columns
    from batch_conditions
    where patient >= 0 and coalesce(onset_earliest, beginning()) <= as_of() and coalesce(status, 'active') <> 'ruled_out'
),

final as (
    select
        rows.patient, rows.condition, rows.code_system, rows.onset_earliest, rows.onset_latest,
        rows.resolved_earliest, rows.resolved_latest, rows.status, rows.confirmed, rows.grade,
        rows.controlled, rows.residual_disease, rows.completely_resected, rows.quarantined,
        rows.bad_columns,
        min(rows.source_row) as source_row
    from rows
    group by all
)

select
    patient, condition, code_system, onset_earliest, onset_latest, resolved_earliest, resolved_latest, status,
    confirmed, grade, controlled, residual_disease, completely_resected,
    quarantined, bad_columns, source_row
from final
