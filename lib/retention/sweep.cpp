#include <flowkeep/sweep.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include <flowkeep/store.hpp>

#include "codec/record.hpp"
#include "retention/parts.hpp"
#include "store/processes.hpp"
#include "store/reading.hpp"
#include "store/store_impl.hpp"

namespace flowkeep {

namespace {

// Sessions closed in one transaction.
constexpr std::size_t batch = 1000;

using Processes = std::map<std::uint32_t, codec::ProcessRow>;

struct Left {
  Guid id;
  std::uint32_t process;
};

Query open_sessions() {
  Query query;
  for (int code = 0; code < status_count; ++code) {
    const auto status = static_cast<StatusCode>(code);
    if (!is_terminal(status)) query.statuscodes.push_back(status);
  }
  query.order = oldest_first;
  return retention::in_parts(std::move(query));
}

Result<Processes> ended_processes(store::Engine& engine) {
  auto transaction = engine.begin_read();
  if (!transaction) return fail(std::move(transaction.error()));
  Processes ended;
  auto walked = store::for_each_side_row(*transaction, engine.tables(), codec::SideTable::processes, {},
                                         [&](std::string_view key, std::string_view payload) -> Result<bool> {
                                           auto row = codec::decode_process(payload);
                                           if (!row) return fail(std::move(row.error()));
                                           auto runs = store::is_running(*row);
                                           if (runs && !*runs)
                                             ended.emplace(static_cast<std::uint32_t>(codec::number_of_key(key)), *row);
                                           if (!runs) return runs;
                                           return true;
                                         });
  if (!walked) return fail(std::move(walked.error()));
  return ended;
}

// What others have handed over is in the tables then, where somebody who died has left it to the next writer, too. A
// dry run makes do with what there is.
Result<void> catch_up(store::Engine& engine, const SweepOptions& options) {
  if (options.mode == SweepOptions::Mode::dry_run) return {};
  if (auto committer = engine.committer(); !committer) return fail(std::move(committer.error()));
  return engine.wait_for_writers();
}

class Sweep {
 public:
  Sweep(const Store& store, const std::shared_ptr<store::Engine>& engine, const SweepOptions& options, Processes ended,
        StateModel model)
      : store_(store), engine_(engine), options_(options), ended_(std::move(ended)), model_(std::move(model)) {}

  Result<SweepResult> run() {
    Query query = open_sessions();
    for (bool more = true; more && result_.is_complete;) {
      auto rest = find(query);
      if (!rest) return fail(std::move(rest.error()));
      more = *rest;
      if (options_.mode == SweepOptions::Mode::dry_run) continue;
      if (auto ok = close(); !ok) return fail(std::move(ok.error()));
    }
    if (result_.is_complete && options_.mode == SweepOptions::Mode::close) {
      if (auto ok = forget(); !ok) return fail(std::move(ok.error()));
    }
    return result_;
  }

 private:
  // Gathers what was left, of the rows of one snapshot; whether there may be more.
  Result<bool> find(Query& query) {
    left_.clear();
    auto more = retention::walk_part(store_, query, [this](const Snapshot&, const SessionView& session) {
      look_at(session);
      return retention::Then::go_on;
    });
    if (options_.progress && !options_.progress(result_.open, 0)) result_.is_complete = false;
    return more;
  }

  void look_at(const SessionView& session) {
    ++result_.open;
    const std::uint32_t process = codec::RecordView::process_of(session);
    if (process == 0) return;
    if (!ended_.contains(process)) {
      ++result_.running;
    } else if (options_.mode == SweepOptions::Mode::close) {
      left_.push_back({session.flowsessionid(), process});
    } else {
      ++(model_.allows(session.statuscode(), StatusCode::aborted) ? result_.aborted : result_.refused);
    }
  }

  Result<void> close() {
    for (std::size_t at = 0; at < left_.size();) {
      auto transaction = WriteTransaction::Impl::begin(engine_, engine_->options().caller);
      if (!transaction) return fail(std::move(transaction.error()));
      const std::size_t end = std::min(left_.size(), at + batch);
      std::uint64_t aborted = 0;
      for (; at < end; ++at) {
        const Left& one = left_[at];
        auto done = (*transaction)->run([&](store::ChangeBuilder& builder) {
          return builder.sweep(one.id, one.process, ended_.at(one.process));
        });
        if (done) {
          if (*done) ++aborted;
        } else if (done.error().code == Errc::invalid_transition) {
          ++result_.refused;
          needed_.insert(one.process);
        } else {
          return fail(std::move(done.error()));
        }
      }
      if (auto ok = (*transaction)->commit({}); !ok) return ok;
      result_.aborted += aborted;
    }
    return {};
  }

  // A process that has ended opens no more sessions: it is needed no longer where none is its.
  Result<void> forget() {
    if (ended_.size() == needed_.size()) return {};
    auto transaction = WriteTransaction::Impl::begin(engine_, engine_->options().caller);
    if (!transaction) return fail(std::move(transaction.error()));
    for (const auto& [number, process] : ended_) {
      if (needed_.contains(number)) continue;
      auto done = (*transaction)->run([which = number, &was = process](store::ChangeBuilder& builder) {
        return builder.forget_process(which, was);
      });
      if (!done) return done;
    }
    return (*transaction)->commit({});
  }

  const Store& store_;
  const std::shared_ptr<store::Engine>& engine_;
  const SweepOptions& options_;
  const Processes ended_;
  StateModel model_;
  std::vector<Left> left_{};
  std::set<std::uint32_t> needed_{};
  SweepResult result_{};
};

}  // namespace

Result<SweepResult> Store::sweep(const SweepOptions& options) const {
  if (auto system = impl_->system(); !system) return fail(std::move(system.error()));
  if (auto ok = impl_->engine->environment().check_process(); !ok) return fail(std::move(ok.error()));
  if (auto ok = catch_up(*impl_->engine, options); !ok) return fail(std::move(ok.error()));
  auto ended = ended_processes(*impl_->engine);
  if (!ended) return fail(std::move(ended.error()));
  // What they had handed over when they ended, too.
  if (auto ok = catch_up(*impl_->engine, options); !ok) return fail(std::move(ok.error()));
  const auto view = snapshot();
  if (!view) return fail(view.error());
  auto model = view->state_model();
  if (!model) return fail(std::move(model.error()));
  return Sweep(*this, impl_->engine, options, std::move(*ended), std::move(*model)).run();
}

}  // namespace flowkeep
