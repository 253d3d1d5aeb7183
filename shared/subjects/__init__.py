"""What a story is about, in the codes of the IPTC: Media Topics and the Subject Codes before them.

`newscodes.json` holds facts of the IPTC NewsCodes (© IPTC, https://iptc.org, CC BY 4.0), cut to what is asked for here.
"""

from shared.subjects.table import MEDTOP, SUBJECT, Subjects, subjects
from shared.subjects.written import code_of, code_under, same_subject

__all__ = ["MEDTOP", "SUBJECT", "Subjects", "code_of", "code_under", "same_subject", "subjects"]
