#include "store/cancel_watch.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "base/guid_key.hpp"
#include "base/thread.hpp"
#include "codec/record.hpp"
#include "store/engine.hpp"
#include "store/reading.hpp"

namespace flowkeep::store {

namespace {

// What another process writes is in the tables within 20 ms more.
constexpr std::chrono::milliseconds period{10};

void set(CancelToken::State& state) {
  {
    const std::lock_guard lock(state.mutex);
    state.is_requested = true;
  }
  state.changed.notify_all();
}

}  // namespace

Result<void> CancelWatch::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable()) return {};
  auto started = base::start_thread("flowkeep-cancel", [this] { run(); });
  if (!started) return fail(std::move(started.error()));
  thread_ = std::move(*started);
  return {};
}

void CancelWatch::stop() noexcept {
  std::unordered_map<Guid, std::weak_ptr<CancelToken::State>> tokens;
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    tokens = std::move(tokens_);
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
  for (const auto& [id, token] : tokens) {
    const auto state = token.lock();
    if (!state) continue;
    {
      const std::lock_guard lock(state->mutex);
      state->is_closed = true;
    }
    state->changed.notify_all();
  }
}

Result<std::shared_ptr<CancelToken::State>> CancelWatch::watch(const Guid& id) {
  if (auto ok = start(); !ok) return fail(std::move(ok.error()));
  const std::lock_guard lock(mutex_);
  std::weak_ptr<CancelToken::State>& known = tokens_[id];
  if (auto state = known.lock()) return state;
  auto state = std::make_shared<CancelToken::State>(id);
  known = state;
  if (tokens_.size() > tokens_swept_at_) {
    std::erase_if(tokens_, [](const auto& token) { return token.second.expired(); });
    tokens_swept_at_ = 2 * tokens_.size() + 64;
  }
  return state;
}

void CancelWatch::note(const CancelRequest& request) {
  if (const auto state = find_token(request.flowsessionid)) set(*state);
  if (engine_.options().on_cancel) {
    const std::lock_guard lock(mutex_);
    fresh_.push_back(request);
  }
  changed_.notify_all();
}

void CancelWatch::run() {
  std::unique_lock lock(mutex_);
  while (!is_stopping_) {
    std::vector<CancelRequest> fresh = std::exchange(fresh_, {});
    lock.unlock();
    for (const CancelRequest& request : fresh) static_cast<void>(tell(request, Source::transaction));
    if (fresh.empty()) look();
    lock.lock();
    changed_.wait_for(lock, period, [this] { return is_stopping_ || !fresh_.empty(); });
  }
}

void CancelWatch::look() {
  storage::Environment& environment = engine_.environment();
  const std::uint64_t newest = environment.info().last_transaction;
  if (newest == looked_at_) return;
  std::vector<CancelRequest> found;
  {
    auto transaction = environment.begin_read();
    if (!transaction) return;  // no slot is free just now
    auto walked =
        for_each_side_row(*transaction, engine_.tables(), codec::SideTable::cancel_requests, {},
                          [&](std::string_view key, std::string_view payload) -> Result<bool> {
                            auto row = codec::decode_cancel_request(payload);
                            if (row)
                              found.push_back({base::guid_from_key(reinterpret_cast<const std::uint8_t*>(key.data())),
                                               row->requestedon, row->requestedby});
                            return true;  // a damaged one is a check's business
                          });
    if (!walked) return;
  }
  looked_at_ = newest;
  for (const CancelRequest& request : found) {
    const auto state = find_token(request.flowsessionid);
    if (state && !state->is_requested) set(*state);
  }
  if (!engine_.options().on_cancel) return;
  std::unordered_set<Guid> present;
  for (const CancelRequest& request : found) {
    present.insert(request.flowsessionid);
    if (!tell(request, Source::tables)) looked_at_ = 0;  // it could not be looked up: at the next look
  }
  // One that was answered before the tables had it is forgotten after a while.
  const Timestamp long_ago = now() - std::chrono::minutes(1);
  std::erase_if(told_, [&](const auto& told) {
    return (told.second.is_in_tables || told.second.requestedon < long_ago) && !present.contains(told.first);
  });
}

bool CancelWatch::tell(const CancelRequest& request, Source source) {
  const bool is_in_tables = source == Source::tables;
  const auto told = told_.find(request.flowsessionid);
  if (told != told_.end() && told->second.requestedon == request.requestedon) {
    told->second.is_in_tables = told->second.is_in_tables || is_in_tables;
    return true;
  }
  auto is_own = engine_.is_run_here(request.flowsessionid);
  if (!is_own) return is_own.error().code == Errc::not_found;
  if (!*is_own) return true;
  told_.insert_or_assign(request.flowsessionid, Told{request.requestedon, is_in_tables});
  engine_.options().on_cancel(request);
  return true;
}

std::shared_ptr<CancelToken::State> CancelWatch::find_token(const Guid& id) {
  const std::lock_guard lock(mutex_);
  const auto token = tokens_.find(id);
  return token == tokens_.end() ? nullptr : token->second.lock();
}

}  // namespace flowkeep::store

namespace flowkeep {

CancelToken::CancelToken(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
CancelToken::CancelToken(const CancelToken&) noexcept = default;
CancelToken::CancelToken(CancelToken&&) noexcept = default;
CancelToken& CancelToken::operator=(const CancelToken&) noexcept = default;
CancelToken& CancelToken::operator=(CancelToken&&) noexcept = default;
CancelToken::~CancelToken() = default;

const Guid& CancelToken::flowsessionid() const noexcept {
  return state_->id;
}

bool CancelToken::is_requested() const noexcept {
  return state_->is_requested;
}

bool CancelToken::wait_for(std::chrono::milliseconds timeout) const {
  constexpr std::chrono::milliseconds longest = std::chrono::hours(24 * 365);
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, std::min(timeout, longest),
                           [this] { return state_->is_requested || state_->is_closed; });
  return state_->is_requested;
}

}  // namespace flowkeep
