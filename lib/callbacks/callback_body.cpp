#include <flowkeep/callbacks/sender.hpp>

namespace flowkeep::callbacks {
namespace {

std::string quoted_or_null(const std::optional<Timestamp>& time) {
  return time ? '"' + format_timestamp(*time) + '"' : "null";
}

}  // namespace

std::string callback_body(const Callback& callback) {
  std::string out = "{\"statuscode\":" + std::to_string(static_cast<std::int32_t>(callback.statuscode));
  out += ",\"statecode\":" + std::to_string(static_cast<std::int32_t>(state_of(callback.statuscode)));
  out += ",\"startedon\":" + quoted_or_null(callback.startedon);
  out += ",\"completedon\":" + quoted_or_null(callback.completedon);
  out += ",\"flowsessionid\":\"" + callback.flowsessionid.str() + "\"}";
  return out;
}

}  // namespace flowkeep::callbacks
