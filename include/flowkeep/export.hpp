// Which symbols the shared library shows.
#pragma once
#define FLOWKEEP_API __attribute__((visibility("default")))
