-- Days that a source counts from its index date, as dates.

create or replace macro index_date() as getvariable('index_date');
create or replace macro on_day(days) as index_date() + days;
-- A cell that could not be read holds no information: any day.
create or replace macro earliest_of(is_bad, day) as case when is_bad then beginning() else day end;
create or replace macro latest_of(is_bad, day) as case when is_bad then forever() else day end;
