// What the tests of sending share: a receiver, names that lead to it, and callbacks for it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <string_view>

#include <flowkeep/callbacks/sender.hpp>

#include "receiver.hpp"
#include "system_calls.hpp"

namespace flowkeep::callbacks {

using namespace std::chrono_literals;

class Sending : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  /// Trusts the receiver and allows its host; does not pause between tries. No test waits as long as its time-outs.
  [[nodiscard]] SenderOptions options() const;
  [[nodiscard]] static Callback callback(std::string url);
  /// Sends one callback with a sender of these options to this path of the receiver, and is not refused an outcome.
  Outcome send(std::string_view path, const SenderOptions& options);
  Outcome send(std::string_view path) { return send(path, options()); }
  static Outcome send_to(const std::string& url, const SenderOptions& options);

  Receiver& receiver_ = Receiver::get();
  Names names_{};
};

/// How long something takes.
template <class Body>
std::chrono::steady_clock::duration time_of(const Body& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return std::chrono::steady_clock::now() - begin;
}

void PrintTo(const Outcome& outcome, std::ostream* out);

}  // namespace flowkeep::callbacks
