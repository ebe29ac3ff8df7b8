#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <flowkeep/io/json.hpp>

namespace flowkeep::io {
namespace {

using testing::HasSubstr;

constexpr std::string_view opening = "<allowedtransitions xmlns=\"http://schemas.microsoft.com/crm/2009/WebServices\">";

StateModel read_model(const std::string& xml) {
  auto model = read_state_model_xml("mine", xml);
  EXPECT_TRUE(model) << xml << "\n" << model.error().message;
  return model.value_or(StateModel::platform());
}

TEST(StateModelXml, ReadsTheDocumentedForm) {
  const StateModel model =
      read_model(std::string(opening) +
                 "<allowedtransition sourcestatusid=\"1\" tostatusid=\"6\"/>"
                 "<allowedtransition sourcestatusid=\"1\" tostatusid=\"2\" /></allowedtransitions>");
  EXPECT_EQ(model.name(), "mine");
  EXPECT_EQ(model.moves(), (std::vector<Move>{{StatusCode::paused, StatusCode::running},
                                              {StatusCode::paused, StatusCode::suspended}}));
}

TEST(StateModelXml, ReadsSeveralListsUnderAnyRootOrNone) {
  const std::string list =
      "<allowedtransitions><allowedtransition sourcestatusid='1' tostatusid='6'/></allowedtransitions>";
  const std::string other =
      std::string(opening) + "<allowedtransition sourcestatusid='2' tostatusid='4'/></allowedtransitions>";
  const std::vector<Move> both{{StatusCode::paused, StatusCode::suspended},
                               {StatusCode::running, StatusCode::succeeded}};
  for (const std::string& xml :
       {list + other, "<any>" + list + other + "</any>",
        "<?xml version=\"1.0\"?>\n<!-- x -->\n<a><b>" + list + "</b><c d='e'>" + other + "</c></a>",
        "\xEF\xBB\xBF" + list + "\n" + other,
        "<m xmlns:w='http://schemas.microsoft.com/crm/2009/WebServices'><w:allowedtransitions><w:allowedtransition "
        "sourcestatusid='1' tostatusid='6'/></w:allowedtransitions>" +
            other + "</m>"})
    EXPECT_EQ(read_model(xml).moves(), both) << xml;
}

TEST(StateModelXml, TakesAnEmptyListForNoMoves) {
  EXPECT_TRUE(read_model("<allowedtransitions/>").moves().empty());
  EXPECT_TRUE(read_model("<allowedtransitions> <!-- none --> </allowedtransitions>").moves().empty());
}

TEST(StateModelXml, GivesTheBuiltInModelsBack) {
  for (const StateModel* model : {&StateModel::platform(), &StateModel::desktop_flow()}) {
    const std::string xml = write_state_model_xml(*model);
    EXPECT_THAT(xml, HasSubstr("<statemodel name=\"" + model->name() + "\">"));
    EXPECT_THAT(xml, HasSubstr(std::string(opening)));
    const auto read = read_state_model_xml(model->name(), xml);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, *model);
  }
}

TEST(StateModelXml, EscapesTheModelsName) {
  const Move move{StatusCode::paused, StatusCode::running};
  const auto model = StateModel::make("a<b>&\"é", std::span(&move, 1));
  ASSERT_TRUE(model);
  const std::string xml = write_state_model_xml(*model);
  EXPECT_THAT(xml, HasSubstr("name=\"a&lt;b"));
  EXPECT_TRUE(read_state_model_xml("back", xml)) << xml;
}

TEST(StateModelXml, RefusesWhatItDoesNotUnderstand) {
  const auto list = [](const std::string& content) {
    return "<allowedtransitions>\n" + content + "</allowedtransitions>";
  };
  struct Case {
    std::string xml;
    std::vector<const char*> parts;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"", {"XML"}},
           {"hello", {"no <allowedtransitions>"}},
           {"<a/>", {"no <allowedtransitions>"}},
           {"<allowedtransitions>", {"not valid XML"}},
           {"<allowedtransitions><a></allowedtransitions>", {"not valid XML"}},
           {list("<allowedtransition sourcestatusid='1' tostatusid='15'/>"),
            {"line 2", "tostatusid is \"15\"", "0 to 14"}},
           {list("<allowedtransition sourcestatusid='-1' tostatusid='1'/>"), {"line 2", "sourcestatusid is \"-1\""}},
           {list("<allowedtransition sourcestatusid='one' tostatusid='1'/>"), {"sourcestatusid is \"one\""}},
           {list("<allowedtransition sourcestatusid='1 ' tostatusid='1'/>"), {"sourcestatusid is \"1 \""}},
           {list("<allowedtransition sourcestatusid='' tostatusid='1'/>"), {"sourcestatusid is \"\""}},
           {list("<allowedtransition sourcestatusid='99999999999' tostatusid='1'/>"), {"sourcestatusid"}},
           {list("<allowedtransition tostatusid='1'/>"), {"line 2", "no sourcestatusid"}},
           {list("<allowedtransition sourcestatusid='1'/>"), {"line 2", "no tostatusid"}},
           {list("<transition sourcestatusid='1' tostatusid='2'/>"), {"<transition>"}},
           {list("text"), {"text stands inside"}},
           {list("<allowedtransition sourcestatusid='1' tostatusid='2'>x</allowedtransition>"), {"empty"}},
           {list("<allowedtransitions/>"), {"<allowedtransitions> stands inside"}},
           {"<a><allowedtransition sourcestatusid='1' tostatusid='2'/></a>", {"outside of <allowedtransitions>"}},
           {"<allowedtransitions xmlns='urn:other'/>",
            {"urn:other", "http://schemas.microsoft.com/crm/2009/WebServices"}},
           {"<a xmlns='urn:other'><allowedtransitions/></a>", {"urn:other"}},
           {"<x:allowedtransitions/>", {"namespace"}},
           {"<x:allowedtransitions xmlns:x='urn:other'/>", {"urn:other"}},
       }) {
    const auto model = read_state_model_xml("mine", c.xml);
    ASSERT_FALSE(model) << c.xml;
    EXPECT_EQ(model.error().code, Errc::invalid_argument) << c.xml;
    for (const char* part : c.parts) EXPECT_THAT(model.error().message, HasSubstr(part)) << c.xml;
  }
}

TEST(StateModelXml, ExpandsNoEntities) {
  const auto model = read_state_model_xml("mine",
                                          "<!DOCTYPE a [<!ENTITY one \"1\">]><allowedtransitions><allowedtransition "
                                          "sourcestatusid='&one;' tostatusid='2'/></allowedtransitions>");
  ASSERT_FALSE(model);
  EXPECT_THAT(model.error().message, HasSubstr("sourcestatusid"));
}

TEST(StateModelXml, SurvivesDeepNesting) {
  std::string xml;
  for (int depth = 0; depth < 100'000; ++depth) xml += "<a>";
  EXPECT_FALSE(read_state_model_xml("mine", xml));
  for (int depth = 0; depth < 100'000; ++depth) xml += "</a>";
  EXPECT_FALSE(read_state_model_xml("mine", xml));
}

}  // namespace
}  // namespace flowkeep::io
