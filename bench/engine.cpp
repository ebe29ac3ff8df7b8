#include "engine.hpp"

#include "generated_sessions.hpp"

namespace flowkeep::bench {

NewSession make_new(std::uint64_t number) {
  return {new_session(number), binaries_of(number)};
}

NewSession make_past(std::uint64_t number) {
  return {past_session(number), binaries_of(number)};
}

}  // namespace flowkeep::bench
