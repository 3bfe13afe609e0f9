// Nothing of this header is used; see README.md.
#pragma once
