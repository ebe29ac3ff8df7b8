// How many of the calls to the disk a test takes.
#pragma once

#include <cstdlib>

namespace flowkeep::fault {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr int usual_stride = 23;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr int usual_stride = 23;
#else
inline constexpr int usual_stride = 3;
#endif
#else
inline constexpr int usual_stride = 3;
#endif

/// From one call to the next that is looked at: FLOWKEEP_FAULT_STRIDE, where it is set.
[[nodiscard]] inline int stride() {
  const char* text = std::getenv("FLOWKEEP_FAULT_STRIDE");
  const int wanted = text == nullptr ? usual_stride : std::atoi(text);
  return wanted > 0 ? wanted : 1;
}

}  // namespace flowkeep::fault
