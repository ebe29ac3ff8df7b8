#include "disk_image.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>

namespace flowkeep::torture {

namespace {

constexpr std::array<const char*, strategy_count> strategy_names{
    "none",          "all",          "any",       "newest",          "all but one sector",
    "until torn",    "journal only", "data only", "journal headers", "journal tail",
    "journal holes", "data metas",   "data trees"};
constexpr std::uint64_t slots_end = 8192;
constexpr std::uint64_t metas_end = 8192;
constexpr std::uint64_t the_size = ~std::uint64_t{0};  // in the place of a sector: the length of the file

void put(std::string& content, std::uint64_t offset, std::string_view bytes) {
  if (content.size() < offset + bytes.size()) content.resize(offset + bytes.size());
  std::memcpy(content.data() + offset, bytes.data(), bytes.size());
}

void apply(std::string& content, const Event& event) {
  if (event.act == Act::resize) {
    content.resize(event.offset);
  } else {
    put(content, event.offset, event.bytes);
  }
}

std::uint64_t first_sector(const Event& event) {
  return event.offset / sector_bytes;
}
std::uint64_t behind_sectors(const Event& event) {
  return (event.offset + event.bytes.size() + sector_bytes - 1) / sector_bytes;
}

bool is_in_header(const Disk::Pending& write) {
  return write.role == Role::journal && write.offset < slots_end;
}

}  // namespace

const char* name_of(Strategy strategy) {
  return strategy_names[static_cast<std::size_t>(strategy)];
}

Disk::Disk(const Recording& recording, const std::vector<Event>& events, const Image& before)
    : recording_(recording), events_(events) {
  for (const auto& [file, name] : recording.first_files()) {
    files_[file].synced = before.at(name);
    names_[name] = file;
  }
  cached_names_ = names_;
}

void Disk::run_until(std::size_t end) {
  for (; at_ < end; ++at_) step(at_);
}

void Disk::change_name(std::size_t number, const std::string& name, std::uint32_t file, bool is_there) {
  name_changes_.push_back({number, name, file, is_there});
  if (is_there) {
    cached_names_[name] = file;
  } else {
    cached_names_.erase(name);
  }
}

void Disk::step(std::size_t number) {
  const Event& event = events_[number];
  switch (event.act) {
    case Act::create:
      files_[event.file];
      change_name(number, std::string(event.bytes), event.file, true);
      break;
    case Act::remove:
      change_name(number, std::string(event.bytes), nobody, false);
      break;
    case Act::rename: {
      const std::size_t middle = event.bytes.find('\0');
      const std::string from(event.bytes.substr(0, middle));
      const std::string to(event.bytes.substr(middle + 1));
      const std::uint32_t file = cached_names_.at(from);
      change_name(number, from, nobody, false);
      change_name(number, to, file, true);
      break;
    }
    case Act::write: {
      File& file = files_[event.file];
      file.pending.push_back(number);
      if (!event.is_through) break;
      const std::string now = content(file, [](std::size_t, std::uint64_t) { return true; });
      for (std::uint64_t sector = first_sector(event); sector < behind_sectors(event); ++sector) {
        const std::uint64_t from = sector * sector_bytes;
        put(file.synced, from, std::string_view(now).substr(from, sector_bytes));
        file.through[sector] = number;
      }
      break;
    }
    case Act::resize:
      files_[event.file].pending.push_back(number);
      break;
    case Act::sync_end: {
      File& file = files_[event.file];
      const auto behind = std::lower_bound(file.pending.begin(), file.pending.end(), event.begin);
      // The rest is what no write-through has overtaken.
      if (file.through.empty()) {
        for (auto each = file.pending.begin(); each != behind; ++each) apply(file.synced, events_[*each]);
      } else {
        const std::size_t before = event.begin;
        file.synced = content(file, [&](std::size_t write, std::uint64_t) { return write < before; });
      }
      file.pending.erase(file.pending.begin(), behind);
      if (file.pending.empty()) file.through.clear();
      break;
    }
    case Act::names_end: {
      const auto behind = std::find_if(name_changes_.begin(), name_changes_.end(),
                                       [&](const NameChange& change) { return change.event > event.begin; });
      for (auto change = name_changes_.begin(); change != behind; ++change) {
        if (change->is_there) {
          names_[change->name] = change->file;
        } else {
          names_.erase(change->name);
        }
      }
      name_changes_.erase(name_changes_.begin(), behind);
      break;
    }
    case Act::sync_begin:
    case Act::names_begin:
    case Act::note:
      break;
  }
}

// A sector on the disk is one that the page cache held at some time: it holds the last write that is kept, and whatever
// was in the cache before that write.
template <class Keep>
std::string Disk::content(const File& file, Keep keep) const {
  if (file.pending.empty()) return file.synced;
  std::string result = file.synced;
  std::string cache = file.synced;
  std::uint64_t length = result.size();
  for (const std::size_t number : file.pending) {
    const Event& event = events_[number];
    const std::size_t before = cache.size();
    apply(cache, event);
    if (cache.size() != before && keep(number, the_size)) length = cache.size();
    if (event.act == Act::resize) continue;
    for (std::uint64_t sector = first_sector(event); sector < behind_sectors(event); ++sector) {
      const auto through = file.through.find(sector);
      if (through != file.through.end() && number <= through->second) continue;
      if (!keep(number, sector)) continue;
      const std::uint64_t from = sector * sector_bytes;
      put(result, from, std::string_view(cache).substr(from, sector_bytes));
    }
  }
  result.resize(length);
  return result;
}

Image Disk::cached() const {
  Image image;
  for (const auto& [name, file] : cached_names_) {
    image[name] = content(files_.at(file), [](std::size_t, std::uint64_t) { return true; });
  }
  return image;
}

std::vector<Disk::Pending> Disk::pending() const {
  std::vector<Pending> all;
  for (const auto& [number, file] : files_) {
    for (const std::size_t event : file.pending) {
      const Event& write = events_[event];
      all.push_back({event, number, recording_.role_of(number), write.offset, write.bytes.size()});
    }
  }
  std::sort(all.begin(), all.end(), [](const Pending& a, const Pending& b) { return a.event < b.event; });
  return all;
}

bool Disk::concerns(Strategy strategy) const {
  const std::vector<Pending> writes = pending();
  const auto any = [&](auto&& is_meant) { return std::any_of(writes.begin(), writes.end(), is_meant); };
  switch (strategy) {
    case Strategy::journal_headers:
      return any([](const Pending& write) { return is_in_header(write); });
    case Strategy::journal_tail:
    case Strategy::journal_holes:
      return any([](const Pending& write) { return write.role == Role::journal && !is_in_header(write); });
    case Strategy::data_metas:
      return any([](const Pending& write) { return write.role == Role::data && write.offset < metas_end; });
    case Strategy::data_trees:
      return any([](const Pending& write) { return write.role == Role::data && write.offset >= metas_end; });
    case Strategy::none:
    case Strategy::all:
      return true;
    default:
      return !writes.empty() || !name_changes_.empty();
  }
}

Image Disk::cut(Strategy strategy, Random& random) const {
  const std::vector<Pending> writes = pending();
  std::map<std::size_t, const Pending*> by_event;
  for (const Pending& write : writes) by_event[write.event] = &write;
  const auto chance = [&](double p) { return std::bernoulli_distribution(p)(random); };
  const auto below = [&](std::uint64_t count) {
    return std::uniform_int_distribution<std::uint64_t>(0, std::max<std::uint64_t>(count, 1) - 1)(random);
  };
  const auto pick = [&] { return writes.empty() ? 0 : writes[below(writes.size())].event; };
  const std::size_t chosen = pick();
  const bool rest = chance(0.5);
  const double p = std::uniform_real_distribution<double>(0.05, 0.95)(random);
  std::size_t last_record = 0;
  std::vector<std::size_t> records;
  for (const Pending& write : writes) {
    if (write.role == Role::journal && !is_in_header(write)) records.push_back(last_record = write.event);
  }
  const std::size_t hole = records.empty() ? 0 : records[below(records.size())];
  std::uint64_t chosen_sector = the_size;
  if (!writes.empty() && by_event.at(chosen)->size > 0) {
    const Event& event = events_[chosen];
    chosen_sector = first_sector(event) + below(behind_sectors(event) - first_sector(event));
  }

  const auto keep = [&](std::size_t number, std::uint64_t sector) -> bool {
    const Pending& write = *by_event.at(number);
    const bool is_journal = write.role == Role::journal;
    switch (strategy) {
      case Strategy::none:
        return false;
      case Strategy::all:
        return true;
      case Strategy::any:
        return chance(p);
      case Strategy::newest:
        return number >= chosen;
      case Strategy::all_but_one:
        return number != chosen || sector != chosen_sector;
      case Strategy::until_torn:
        return number < chosen || (number == chosen && (sector == the_size || sector <= chosen_sector));
      case Strategy::journal_only:
        return is_journal;
      case Strategy::data_only:
        return !is_journal;
      case Strategy::journal_headers:
        return is_in_header(write) ? chance(p) : rest;
      case Strategy::journal_tail:
        return number == last_record ? chance(p) : rest || is_journal;
      case Strategy::journal_holes:
        return is_journal && !is_in_header(write) ? number != hole && (number > hole || chance(p)) : rest;
      case Strategy::data_metas:
        return !is_journal && write.offset < metas_end ? chance(p) : rest;
      case Strategy::data_trees:
        return !is_journal && write.offset >= metas_end ? chance(p) : rest;
    }
    return true;
  };

  std::map<std::string, std::uint32_t> names = names_;
  const double name_chance = strategy == Strategy::none ? 0 : strategy == Strategy::all ? 1 : 0.5;
  for (const NameChange& change : name_changes_) {
    if (!chance(name_chance)) continue;
    if (change.is_there) {
      names[change.name] = change.file;
    } else {
      names.erase(change.name);
    }
  }
  Image image;
  for (const auto& [name, file] : names) image[name] = content(files_.at(file), keep);
  return image;
}

}  // namespace flowkeep::torture
