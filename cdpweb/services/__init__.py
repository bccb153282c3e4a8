"""What a person can do: functions, session first; they flush, the edge commits."""
