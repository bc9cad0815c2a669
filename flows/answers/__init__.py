"""Answers of coordinators: read from a workbook, kept, held to the evidence that they were given on."""
