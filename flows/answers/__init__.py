"""Answers of coordinators: read from a workbook, kept, and put beside the evidence that they were given on."""
