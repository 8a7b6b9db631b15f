"""Facts about tables: the table contract, the checks, the policies that choose among them.

Pure: pandas, pydantic and the standard library. Knows no Azure, files, clock or network.
"""
