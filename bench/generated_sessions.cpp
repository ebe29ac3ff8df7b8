#include "generated_sessions.hpp"

#include <cstring>

namespace flowkeep::bench {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

namespace {

constexpr std::uint64_t seed = 0x666c6f776b656570;
constexpr std::uint64_t flow_count = 60;
constexpr std::uint64_t user_count = 40;
constexpr std::size_t binary_bytes = 300;

enum Salt : std::uint64_t {
  id_salt,
  machine_salt,
  flow_salt,
  user_salt,
  status_salt,
  time_salt,
  duration_salt,
  text_salt,
  binary_salt
};

struct Share {
  std::uint64_t per_mille;
  StatusCode status;
};
constexpr std::array shares{
    Share{40, StatusCode::running},    Share{40, StatusCode::waiting},    Share{10, StatusCode::paused},
    Share{10, StatusCode::suspended},  Share{700, StatusCode::succeeded}, Share{120, StatusCode::failed},
    Share{30, StatusCode::cancelled},  Share{20, StatusCode::timed_out},  Share{10, StatusCode::aborted},
    Share{15, StatusCode::terminated}, Share{5, StatusCode::deleted},
};

Guid random_guid(std::uint64_t number, std::uint64_t salt) {
  Guid guid;
  for (std::size_t half = 0; half < 2; ++half) {
    const std::uint64_t bits = mixed(2 * number + half, salt);
    std::memcpy(guid.bytes.data() + 8 * half, &bits, sizeof bits);
  }
  guid.bytes[6] = static_cast<std::uint8_t>((guid.bytes[6] & 0x0f) | 0x40);
  guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3f) | 0x80);
  return guid;
}

// One session in ten seconds since 2025-01-01, in whole seconds as on Dataverse's wire.
Timestamp createdon_of(std::uint64_t number) {
  return Timestamp{std::chrono::seconds{1'735'689'600 + 10 * number + mixed(number, time_salt) % 10}};
}

std::optional<Timestamp> startedon_of(std::uint64_t number) {
  if (statuscode_of(number) == StatusCode::waiting) return std::nullopt;
  return createdon_of(number) + 2s;
}

std::optional<Timestamp> completedon_of(std::uint64_t number) {
  if (!is_terminal(statuscode_of(number))) return std::nullopt;
  return createdon_of(number) + 2s + std::chrono::milliseconds{runduration_of(number) / 1000 * 1000};
}

std::string random_hex(std::uint64_t number, std::uint64_t salt, std::size_t digits) {
  std::string text;
  for (std::uint64_t part = 0; text.size() < digits; ++part) {
    for (std::uint64_t bits = mixed(number * 64 + part, salt); bits != 0 && text.size() < digits; bits >>= 4) {
      text += "0123456789abcdef"[bits & 15];
    }
  }
  return text;
}

std::string random_bytes(std::uint64_t number) {
  std::string bytes;
  while (bytes.size() < binary_bytes) {
    const std::uint64_t bits = mixed(number * binary_bytes + bytes.size(), binary_salt);
    bytes.append(reinterpret_cast<const char*>(&bits), sizeof bits);
  }
  bytes.resize(binary_bytes);
  return bytes;
}

void set_failure(Session& session, std::uint64_t number) {
  session.errorcode = mixed(number, text_salt) % 3 == 0 ? "SessionCreationError" : "UIElementNotFound";
  session.errormessage =
      "Failed to get UI element (window 'Invoice entry - Contoso ERP', element 'Button Save'): no element matches.";
  session.errordetails =
      R"({"actionName":"PressButton","subflow":"Main","index":)" + std::to_string(mixed(number, text_salt) % 90) + "}";
}

}  // namespace

// SplitMix64's finisher.
std::uint64_t mixed(std::uint64_t number, std::uint64_t salt) {
  std::uint64_t x = seed + 0x9e3779b97f4a7c15 * (number + (salt << 56) + 1);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// A UUID of version 7, as the store makes them.
Guid session_id(std::uint64_t number) {
  Guid guid = random_guid(number, id_salt);
  const auto milliseconds = static_cast<std::uint64_t>(createdon_of(number).time_since_epoch() / 1ms);
  for (std::size_t i = 0; i < 6; ++i) guid.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (40 - 8 * i));
  guid.bytes[6] = static_cast<std::uint8_t>((guid.bytes[6] & 0x0f) | 0x70);
  return guid;
}

std::uint64_t machine_of(std::uint64_t number) {
  return mixed(number, machine_salt) % machine_count;
}
Guid machine_id(std::uint64_t machine) {
  return random_guid(machine, machine_salt);
}

std::string correlationid_of(std::uint64_t number) {
  constexpr std::uint64_t pairs = correlation_group / 2;
  return random_guid(number / correlation_group * pairs + number % pairs, text_salt).str();
}

StatusCode statuscode_of(std::uint64_t number) {
  std::uint64_t place = mixed(number, status_salt) % 1000;
  for (const Share& share : shares) {
    if (place < share.per_mille) return share.status;
    place -= share.per_mille;
  }
  return StatusCode::succeeded;
}

std::int64_t runduration_of(std::uint64_t number) {
  return static_cast<std::int64_t>(1000 + mixed(number, duration_salt) % 900'000);
}

Session new_session(std::uint64_t number) {
  const StatusCode status = statuscode_of(number);
  const std::uint64_t machine = machine_of(number);
  const std::uint64_t flow = mixed(number, flow_salt) % flow_count;
  Session session;
  session.name = "Invoice entry " + std::to_string(number);
  session.correlationid = correlationid_of(number);
  session.clienttrackingid = random_hex(number, text_salt, 32);
  session.regardingobjectid = random_guid(flow, flow_salt);
  session.machineid = machine_id(machine);
  session.machinegroupid = random_guid(machine / 10, machine_salt + 100);
  session.statecode = state_of(status);
  session.statuscode = status;
  session.runmode = number % 4 == 0 ? RunMode::attended : RunMode::unattended;
  session.runsessionmode = RunSessionMode::default_mode;
  session.triggertype = TriggerType::api_flow;
  session.startedon = startedon_of(number);
  session.completedon = completedon_of(number);
  session.runduration = runduration_of(number);
  session.runexecutionduration = runduration_of(number) - 800;
  session.runwaitduration = 800;
  if (status == StatusCode::failed) set_failure(session, number);
  session.context =
      R"({"hostName":"robot-)" + std::to_string(machine) + R"(.example.org","parentWorkflowId":")" +
      random_guid(flow, flow_salt + 100).str() + R"(","parentWorkflowRunId":"0858)" +
      std::to_string(mixed(number, text_salt)) +
      R"(CU91","attendedMode":"Unattended","agentVersion":"2.45.404.24142","connectionType":"directToMachine"})";
  session.rundetails = R"({"steps":{"total":90,"done":)" + std::to_string(mixed(number, duration_salt) % 90) +
                       R"(},"agentLog":")" + random_hex(number, duration_salt, 32) + R"("})";
  session.processversion = "1.0.0." + std::to_string(flow);
  session.sessionusername = "EXAMPLE\\svc-robot-" + std::to_string(machine);
  session.machinepercentcpuusage = static_cast<double>(mixed(number, text_salt) % 10'001) / 100.0;
  session.machinepercentramusage = static_cast<double>(mixed(number, duration_salt) % 10'001) / 100.0;
  session.machineramusage = static_cast<std::int32_t>(mixed(number, text_salt) % 32'768);
  session.ownerid = random_guid(mixed(number, user_salt) % user_count, user_salt);
  return session;
}

std::array<std::string, 3> binaries_of(std::uint64_t number) {
  return {random_bytes(3 * number), random_bytes(3 * number + 1), random_bytes(3 * number + 2)};
}

void place_binaries(Session& session, const std::array<std::string, 3>& binaries) {
  const auto binary = [](const char* name, const std::string& bytes) {
    Binary made;
    made.name = name;
    made.content = Content(bytes);
    return made;
  };
  session.inputs = binary("inputs.json", binaries[0]);
  session.outputs = binary("outputs.json", binaries[1]);
  session.additionalcontext = binary("actions.json", binaries[2]);
}

Session past_session(std::uint64_t number) {
  Session session = new_session(number);
  session.flowsessionid = session_id(number);
  session.createdon = createdon_of(number);
  session.modifiedon = session.completedon ? session.completedon : session.createdon;
  session.createdby = session.ownerid;
  session.modifiedby = session.ownerid;
  session.owninguser = session.ownerid;
  session.owningbusinessunit = random_guid(0, user_salt + 100);
  return session;
}

std::uint64_t poll_sum(std::uint64_t number) {
  const StatusCode status = statuscode_of(number);
  return poll_sum(status, state_of(status), startedon_of(number), completedon_of(number));
}

}  // namespace flowkeep::bench
