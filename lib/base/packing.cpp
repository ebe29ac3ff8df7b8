#include "base/packing.hpp"

#include <zdict.h>
#include <zstd.h>

#include <mutex>
#include <vector>

namespace flowkeep::base {

namespace {

// Of what is this small, a search that takes longer finds hardly more (docs/DESIGN.md).
constexpr int dictionary_level = 1;

/// Objects of zstd that nobody uses at present.
template <class T, T* (*create)(), std::size_t (*destroy)(T*)>
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  class Loan {
   public:
    explicit Loan(Pool& pool) noexcept : pool_(pool), one_(pool.take()) {}
    Loan(const Loan&) = delete;
    Loan& operator=(const Loan&) = delete;
    ~Loan() {
      if (one_ != nullptr) pool_.give(one_);
    }
    /// nullptr: there is no memory.
    [[nodiscard]] T* get() const noexcept { return one_; }

   private:
    Pool& pool_;
    T* one_;
  };

 private:
  static constexpr std::size_t most_idle = 4;
  // Nobody waits: in a child that was forked meanwhile the lock may be held for ever.
  [[nodiscard]] T* take() noexcept {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock && count_ != 0) return idle_[--count_];
    return create();
  }
  void give(T* one) noexcept {
    {
      const std::unique_lock lock(mutex_, std::try_to_lock);
      if (lock && count_ != most_idle) {
        idle_[count_++] = one;
        return;
      }
    }
    destroy(one);
  }

  std::mutex mutex_{};
  T* idle_[most_idle]{};
  std::size_t count_ = 0;
};

using Packers = Pool<ZSTD_CCtx, ::ZSTD_createCCtx, ::ZSTD_freeCCtx>;
using Unpackers = Pool<ZSTD_DCtx, ::ZSTD_createDCtx, ::ZSTD_freeDCtx>;

// Never destroyed: threads may still pack while the process ends.
Packers& packers() {
  static Packers& pool = *new Packers;
  return pool;
}
Unpackers& unpackers() {
  static Unpackers& pool = *new Unpackers;
  return pool;
}

}  // namespace

Result<std::unique_ptr<const PackingDictionary>> PackingDictionary::make(std::uint16_t id, std::string_view bytes) {
  if (id == 0 || bytes.empty()) return fail(Errc::corrupt, "a packing dictionary is empty or has no number");
  std::unique_ptr<PackingDictionary> made(new PackingDictionary(id, bytes));
  made->unpacking_ = ::ZSTD_createDDict(made->bytes_.data(), made->bytes_.size());
  if (made->unpacking_ != nullptr) return made;
  return fail(Errc::corrupt, "packing dictionary " + std::to_string(id) + " cannot be used by zstd");
}

const ZSTD_CDict* PackingDictionary::packing() const noexcept {
  std::call_once(once_, [this] { packing_ = ::ZSTD_createCDict(bytes_.data(), bytes_.size(), dictionary_level); });
  return packing_;
}

PackingDictionary::~PackingDictionary() {
  ::ZSTD_freeCDict(packing_);
  ::ZSTD_freeDDict(unpacking_);
}

bool Packing::pack(std::string& out, std::string_view bytes, std::size_t most, const PackingDictionary* dictionary,
                   int level) {
  const Packers::Loan context(packers());
  if (context.get() == nullptr) return false;
  ::ZSTD_CCtx_reset(context.get(), ZSTD_reset_session_and_parameters);
  // Both are known to who unpacks.
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_dictIDFlag, 0);
  ::ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  if (dictionary != nullptr) {
    const ZSTD_CDict* const prepared = dictionary->packing();
    if (prepared == nullptr) return false;
    ::ZSTD_CCtx_refCDict(context.get(), prepared);
  }
  const std::size_t before = out.size();
  const std::size_t bound = ::ZSTD_compressBound(bytes.size());
  out.resize(before + bound);
  const std::size_t size = ::ZSTD_compress2(context.get(), out.data() + before, bound, bytes.data(), bytes.size());
  const bool is_packed = ::ZSTD_isError(size) == 0 && size <= most;
  out.resize(before + (is_packed ? size : 0));
  return is_packed;
}

bool Packing::unpack(std::span<char> to, std::string_view frame, const PackingDictionary* dictionary) noexcept {
  const Unpackers::Loan context(unpackers());
  if (context.get() == nullptr) return false;
  const std::size_t size = ::ZSTD_decompress_usingDDict(context.get(), to.data(), to.size(), frame.data(), frame.size(),
                                                        dictionary == nullptr ? nullptr : dictionary->unpacking_);
  return ::ZSTD_isError(size) == 0 && size == to.size();
}

std::string Packing::train(std::string_view samples, std::span<const std::size_t> sizes, std::size_t most_bytes) {
  std::string dictionary(most_bytes, '\0');
  const std::size_t size = ::ZDICT_trainFromBuffer(dictionary.data(), dictionary.size(), samples.data(), sizes.data(),
                                                   static_cast<unsigned>(sizes.size()));
  if (::ZDICT_isError(size) != 0) return {};
  dictionary.resize(size);
  return dictionary;
}

}  // namespace flowkeep::base
