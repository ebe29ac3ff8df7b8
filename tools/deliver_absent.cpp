#include "deliver.hpp"

namespace flowkeep::tool {

Try<Exit> deliver_once(const DeliverArguments&) {
  return failed(Exit::usage, "this flowkeep was built without callbacks, and delivers none");
}

Try<Exit> deliver_for_ever(const DeliverArguments& arguments) {
  return deliver_once(arguments);
}

}  // namespace flowkeep::tool
