#include "progress.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <cstdio>
#include <utility>

#include "text.hpp"

namespace flowkeep::tool {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

namespace {

std::string time_left(double seconds) {
  const auto whole = static_cast<std::uint64_t>(seconds + 0.5);
  if (whole < 60) return fmt::format("{} s left", whole);
  if (whole < 3600) return fmt::format("{} min {} s left", whole / 60, whole % 60);
  return fmt::format("{} h {} min left", whole / 3600, whole % 3600 / 60);
}

}  // namespace

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), terminal_(isatty(STDERR_FILENO) == 1), next_(began_ + 1s) {}

ProgressLine::~ProgressLine() {
  if (shown_) std::fputs("\r\033[K", stderr);
}

bool ProgressLine::due() const {
  return terminal_ && Clock::now() >= next_;
}

void ProgressLine::show(std::uint64_t rows, std::uint64_t part, std::uint64_t whole) {
  if (!due()) return;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - began_).count();
  std::string line = fmt::format("\r\033[K{} {}, {}/s", grouped(rows), what_,
                                 grouped(static_cast<std::uint64_t>(static_cast<double>(rows) / seconds)));
  if (part > 0 && part <= whole) {
    line += ", " + time_left(seconds * static_cast<double>(whole - part) / static_cast<double>(part));
  }
  std::fputs(line.c_str(), stderr);
  shown_ = true;
  next_ = now + 250ms;
}

Progress ProgressLine::callback() {
  return [this](std::uint64_t done, std::uint64_t total) {
    show(done, done, total);
    return true;
  };
}

}  // namespace flowkeep::tool
