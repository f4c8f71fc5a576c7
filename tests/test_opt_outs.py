"""Replies that ask for no more messages: made-up sentences, the seed of phrases, and hostile texts."""

import csv
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from orchestration.building.dbt_project import PROJECT_DIR
from tests.oracle.reporting import Seeds, asks_to_opt_out, is_reaction, keyword_text
from tests.pipeline import Pipeline

Ask = Callable[[list[str]], list[bool]]

REQUESTS = [
    "Lose my number please",
    "remove from list",
    "stop all communication",
    "I want off this text list",
    "I'm not your customer, stop w the texts",
    "Do NOT send anything else to this number",
    "How can I make these texts stop?",
    "quit it with the texts",
    "kindly stop texting my wife's phone",
    "I wish to withdraw my consent for sms",
    "please take this number out of your system",
    "halt these messages",
    "STOP",
    "please stop texting me",
    "Please, stop texting me!!",
    "OPT OUT",
    "opt-out",
    "Take me off",
    "take me off this list",
    "Take me off your list please",
    "remove me from your list",
    "remove me",
    "Please remove my number from your system",
    "Do not contact me again",
    "dont contact me",
    "wrong number stop",
    "Wrong number. Please remove me.",
    "Sorry wrong number, stop texting",
    "bitte keine SMS mehr",
    "no más mensajes",
    "arrêtez vos sms",
    "stop please",
    "STOP 🛑",
    "Stop it!",
    "stop sending me these messages",
    "Stop sending me this crap",
    "quit texting me",
    "quit messaging me",
    "I said STOP",
    "I already replied STOP three times and I still get these",
    "I asked you to stop",
    "i want you to stop texting me",
    "please unsubscribe me",
    "Unsubscribe me from this list",
    "how do i unsubscribe?",
    "How do I stop these messages?",
    "I want to opt out",
    "I'd like to opt out of these texts",
    "Opt me out",
    "unsubscribe please",
    "lose my number",
    "Delete my number",
    "Don't text me anymore, I have told you",
    "Don't text me again",
    "Do not text this number",
    "never text me again",
    "Please do not message me",
    "I don't want these messages",
    "I don't want to receive any more texts from you",
    "no longer wish to receive these messages",
    "No more texts please",
    "no more messages",
    "not interested, please stop",
    "Not interested. Remove me.",
    "stop I'm not interested",
    "cancel these texts",
    "cancel text alerts",
    "end these messages",
    "If you don't stop texting me I'll call my lawyer",
    "why won't you stop texting me",
    "can you stop texting me?",
    "please stop",
    "pls stop thx",
    "STOP NOW",
    "stop all",
    "stop messages",
    "stop spam",
    "stop spamming me",
    "I revoke my consent to be texted",
    "cease and desist",
    "leave me alone",
    "please leave me alone",
    "put me on your do not text list",
    "Reply STOP",
    "Kindly remove my number from your database",
    "take my number off your list",
    "stop contacting me",
    "I would like to be removed from this list",
    "get me off this list",
    "can i be removed from your texts",
    "STOP. I am not interested",
    "Hi, please stop sending me text messages. Thanks",
    "ya no me manden mensajes",
    "no quiero recibir mensajes",
    "Dejen de enviarme mensajes",
    "Quiero darme de baja",
    "bórrenme de su lista",
    "não me mandem mais mensagens",
    "pare de me mandar sms",
    "não quero mais receber mensagens",
    "Tirem meu número da lista",
    "ne m'envoyez plus de sms",
    "Ne me contactez plus svp",
    "Je ne veux plus recevoir de sms",
    "désabonnez-moi",
    "Retirez mon numéro de votre liste",
    "Bitte löschen Sie meine Nummer",
    "Keine Nachrichten mehr bitte",
    "Schreibt mir nicht mehr",
    "Ich möchte keine Werbung mehr",
    "Hören Sie auf mir zu schreiben",
    "non mandatemi più sms",
    "Basta messaggi",
    "cancellatemi dalla lista",
    "toglietemi dalla lista",
    "geen sms meer aub",
    "stop met sms'en",
    "verwijder mijn nummer",
    "Не пишите мне больше",
    "отпишите меня",
    "nie wysyłajcie mi więcej smsów",
    "inga fler sms tack",
    "退订",
    "unsubscribe from all messages",
    "Hey can u stop texting me I dont know who this is",
    "stop txting me",
    "dnt text me again",
    "I never signed up for this. Remove me from your list.",
    "I don't know who you are, please take me off whatever list this is",
    "You've got the wrong person, quit sending me stuff",
    "Can you guys stop with the texts already",
    "How do I get off this list",
    "Enough already with these texts!",
    "Please discontinue sending text messages to this phone",
    "Would you kindly remove this number from your contacts",
    "I have asked several times to be removed",
    "I do not wish to be contacted by text",
    "Stop blowing up my phone",
    "im not joan, stop texting this number",
    "She died last year. Please remove her number.",
    "Pls dont msg me anymore",
    "plz stop sms",
    "stop stop stop",
    "STOP!!!!!! Take me off!",
    "No longer interested. Please unsubscribe.",
    "opt out of all",
    "Text STOP",
    "I'm opting out",
    "Unsub",
    "You have the wrong number please stop messaging",
    "We moved away, don't send us any more offers",
    "this number is on the do not call list",
    "Do NOT text this phone again.",
    "can i unsubscribe from this",
    "please cancel my text subscription",
    "I didn't ask for these. Stop.",
    "remove plz",
    "stop it please",
    "Not interested stop",
    "Please don't send me any more of these",
    "don't want your texts",
    "I would like to stop receiving these alerts",
    "nope stop texting",
    "get me off your f***ing list",
    "delete me from your database",
    "leave me alone!!",
    "please no more",
    "Kein Interesse. Bitte löscht meine Nummer aus eurer Liste",
    "Ich will keine SMS mehr von euch bekommen",
    "Nehmt mich bitte aus dem Verteiler",
    "Hört endlich auf mir SMS zu schicken!",
    "Por favor dejen de mandarme sms",
    "No quiero que me manden más mensajes",
    "Sáquenme de la lista por favor",
    "Arrêtez de m'envoyer des sms svp",
    "Veuillez me désinscrire",
    "Merci de ne plus m'envoyer de messages",
    "Smettetela di mandarmi sms",
    "Non voglio più ricevere messaggi",
    "Stuur me geen berichten meer",
    "Verwijder mij uit jullie lijst",
    "Pare de me enviar mensagens",
    "Quero cancelar o recebimento de sms",
    "Stop reaching out to me",
    "Don't ever bother us",
    "If you text me again I will file a complaint",
    "stop bothering me please",
    "ya no me escriban",
    "déjenme en paz por favor",
    "laissez-moi tranquille svp",
    "lasst mich in Ruhe",
    "Kontaktieren Sie mich nicht mehr",
    "lasciatemi in pace",
    "laat me met rust",
    "me tira dessa lista",
    "exclui meu número",
    "quiero dar de baja este número",
    "ARRÊT",
    "sair",
    "abmelden",
    "cancelar",
    "st0p",
    "S T O P",
    "I have asked you to be removed from this list",
]

NO_REQUESTS = [
    "Don't text dad, he is driving",
    "he said stop and I stopped",
    "we need to stop meeting like this",
    "remove the old one and send me the new one",
    "I'll take the kids off your hands",
    "Never contacted them before",
    "Text me again later",
    "don't forget to message me again",
    "Don't contact the school yet",
    "please don't write me off yet",
    "I don't like these messages getting lost",
    "when do messages stop being free",
    "cancel my order",
    "can't stop laughing",
    "the end",
    "don't stop",
    "I'll stop by later",
    "bus stop",
    "cancel the meeting",
    "where do I end",
    "I can't stop thinking about you",
    "please don't stop texting me",
    "Meet me at the bus stop at 5",
    "What time does it end?",
    "Can we cancel tomorrow?",
    "Please cancel my appointment",
    "I need to cancel my reservation",
    "Turn the lights off when you leave",
    "I'm off today",
    "take me off the hook",
    "Take off your shoes",
    "remove the attachment please",
    "Can you remove the charge from my bill?",
    "text me when you arrive",
    "Don't text and drive",
    "Don't call me, I'm in a meeting",
    "dont text me until 5",
    "I don't want to go",
    "no more milk left",
    "No more questions",
    "Stop the music. I told you I would come",
    "Stop being right all the time!",
    "It won't stop raining",
    "When does the sale end?",
    "end of the month",
    "I quit smoking",
    "are you going to quit your job",
    "What a film.. cant stop laughing!!",
    "Yep the next stop",
    "one stop shop",
    "Is this the last stop?",
    "why did you stop texting me?",
    "He wouldn't stop texting me",
    "tell him to stop texting me",
    "To unsubscribe text STOP to 12345",
    "Reply STOP to opt out",
    "Txt STOP 2 stop. Free msg",
    "2 opt out send STOP 0700123456",
    "Unsubscribe send GET NEWS STOP to 12345",
    "Ts&Cs/stop SMS 0700123456. Over 18s only",
    "To stop further messages reply stop",
    "STOP? Send STOP CLUB to 12345",
    "Sorry! You can not unsubscribe before May",
    "You are now unsubscribed from all clubs",
    "I didn't get any messages",
    "I don't have any more messages left",
    "no more sms credit left",
    "Ich habe keine SMS bekommen",
    "Ich hab keine Nachrichten mehr",
    "no me llegan los mensajes",
    "no tengo más mensajes",
    "Je n'ai plus de messages",
    "did you delete my number?",
    "I lost my number list",
    "leave me alone with my thoughts for a while and call me tomorrow",
    "when they leave me",
    "don't leave me alone",
    "yes",
    "Yes please",
    "not interested",
    "Wrong number",
    "who is this?",
    "I will stop at the store",
    "non-stop party",
    "Can you stop by at 6?",
    "Please stop at the gate",
    "stop worrying",
    "Stop being silly",
    "stop calling me baby",
    "let's end this meeting",
    "Cancel that, I'll be there at 6",
    "I need to get off the list of volunteers",
    "Take me off speaker",
    "No more games ok?",
    "don't message him",
    "Please don't forget to text me",
    "text stop loss orders to broker",
    "How do I cancel my flight?",
    "is there an option to opt for pickup",
    "I opted in yesterday",
    "I'd like to remove an item from my cart",
    "please send me the list",
    "Do not be late",
    "dont be mad",
    "no worries, thanks",
    "keep sending these, love them",
    "He stopped texting me",
    "I wish I could stop eating",
    "put me on the list",
    "nonstop",
    "Never mind",
    "i never got the text",
    "Please don't remove me from the group",
    "I don't want to unsubscribe",
    "Bitte nicht vergessen",
    "bitte keine Zwiebeln",
    "No más tacos por favor",
    "basta così grazie",
    "stop at red light",
    "Stop! You're killing me lol",
    "omg stop it some more",
    "I'm getting off the bus now",
    "Take me off the waiting list? no, keep me on it",
    "Please stop by when you have time",
    "Stop at the next exit",
    "He told me to stop worrying",
    "Where's the nearest bus stop",
    "Don't stop me now",
    "Did it stop raining?",
    "The text ended with a smiley",
    "We ended up at Joe's",
    "Could you cancel my booking for Friday and refund me?",
    "Please cancel order 4471",
    "I want to cancel my membership",
    "I'd like to end my contract",
    "Please remove one item from my order",
    "Take 10% off please",
    "I removed the battery",
    "Can you delete my account?",
    "Do not forget my umbrella",
    "Don't send it until Monday",
    "Please don't send the invoice to my old address",
    "Don't call before 9",
    "No more than 3 people",
    "No, nothing more thanks",
    "There's no more room in the car",
    "I have no more messages left on my plan",
    "I never got your message",
    "I don't get messages on weekends",
    "I can't get texts at work",
    "You stopped replying",
    "stop and search",
    "Stop ignoring me",
    "Stop lying to me",
    "stop sending mixed signals",
    "stop calling him",
    "Don't message her back",
    "Please leave the parcel with the neighbour",
    "leave me a message",
    "they should leave her alone",
    "Leave the keys under the mat",
    "I won't be home alone",
    "Off to bed, night",
    "Day off tomorrow?",
    "I opted for the blue one",
    "Subscribe me please",
    "How long until I get off probation list",
    "I'm on the list for Saturday",
    "Please add me to the list",
    "text me the list",
    "Spam is my favorite sandwich lol",
    "Is this spam?",
    "Who is this",
    "wrong number sorry",
    "You have the wrong address on file",
    "I'm not interested in the green one, the red one please",
    "No thanks",
    "Not now",
    "quit playing games",
    "I'm about to quit this job",
    "The end is near haha",
    "When will this sale end",
    "weekend plans?",
    "send",
    "recommend it to my friend",
    "Bitte nicht stören, schlafe",
    "Ich komme nicht mehr heute",
    "Kannst du bitte die Nummer schicken",
    "Habe keine Nachricht von dir bekommen",
    "No puedo parar de reír",
    "Te mando mensajes mañana",
    "No me mandaste el mensaje",
    "J'arrête à 18h",
    "Je ne peux plus attendre",
    "Basta, ho finito di lavorare",
    "Non posso più venire",
    "Ik stop om vijf uur",
    "Stop met zeuren joh",
    "my boiler stopped working",
    "Never stop writing to us!",
    "Please don't call me, a text is fine",
    "Don't call me tomorrow, call me Friday",
    "Doy de baja el anuncio?",
    "Wir machen einen Stopover in Mainz",
    "kein Interesse",
    "I don't get messages on Sundays",
    "Fund the park. Cancel the road.",
    "Quiz starts Monday! Unsub Stop",
    "That film has to end.",
    "Win a phone! Text WIN to 12345. Text stop to opt out",
    "Help! I need a hand with the boxes",
    "start",
    "YES",
    "help",
    "no",
]


@pytest.fixture(scope="module")
def seeds() -> Seeds:
    return Seeds(PROJECT_DIR / "seeds")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """The macro, as dbt writes it into a statement, run on texts."""
    pipeline = Pipeline(tmp_path_factory.mktemp("opt_outs"))
    pipeline.load()
    pipeline.dbt("seed", "--select", "opt_out_phrases")
    (compiled,) = pipeline.dbt(
        "compile",
        "--inline",
        "select {{ asks_to_opt_out('words') }} from"
        " (select {{ plain_words('body') }} as words, place from texts) order by place",
    )
    statement = Path(str(compiled.compiled_path)).read_text()

    def run(bodies: list[str]) -> list[bool]:
        with duckdb.connect() as connection:
            connection.execute("create table texts (place integer, body varchar)")
            connection.executemany("insert into texts values (?, ?)", list(enumerate(bodies)))
            return [found for (found,) in connection.execute(statement).fetchall()]

    return run


def is_opt_out_keyword(text: str, seeds: Seeds) -> bool:
    keyword = seeds.keywords.get(keyword_text(text))
    return keyword is not None and keyword[2]


def test_there_are_enough_sentences_and_none_twice() -> None:
    for sentences in (REQUESTS, NO_REQUESTS):
        assert len(sentences) == len(set(sentences)) >= 120


def test_requests_are_found(ask: Ask, seeds: Seeds) -> None:
    found = ask(REQUESTS)
    missed = [text for text, hit in zip(REQUESTS, found, strict=True) if not (hit or is_opt_out_keyword(text, seeds))]
    assert missed == []


def test_ordinary_chat_is_no_request(ask: Ask, seeds: Seeds) -> None:
    found = ask(NO_REQUESTS)
    false = [text for text, hit in zip(NO_REQUESTS, found, strict=True) if hit or is_opt_out_keyword(text, seeds)]
    assert false == []


def test_case_accents_and_punctuation_do_not_matter(ask: Ask) -> None:
    texts = [text for text, hit in zip(REQUESTS, ask(REQUESTS), strict=True) if hit]
    assert ask([f"  {text.upper()}!!  " for text in texts if not text.endswith("?")]) == [
        True for text in texts if not text.endswith("?")
    ]
    assert ask([text.replace("'", "’").replace("é", "e\u0301") + " 🙏" for text in texts]) == [True] * len(texts)


PIECES = [
    "stop", "Stop!", "texting", "me", "don't", "can't", "please", "wrong number", "no more", "messages", "reply STOP", "to",
    "unsubscribe", "off", "your", "list", ".", "?", "!?", "...", " - ", "\n", "🙏", "ne m'envoyez plus", "de sms", "keine SMS mehr",
    "bitte", "не", "пишите", "退订", "'", '"', "*", "_", "＊", "é", "e\u0301", "\u200b", "12345", "again", "remove", "(", "end",
]  # fmt: skip


@settings(max_examples=60, deadline=None)
@example(["stop  *", "\x00 退订", " ? * . ?stop !? . ", "stop\n\n . \n", "* stop *", "a - - stop - "])
@given(
    st.lists(
        st.lists(st.sampled_from(PIECES) | st.text(max_size=5), max_size=9).map(" ".join) | st.text(max_size=60),
        min_size=20,
        max_size=20,
    )
)
def test_the_sql_equals_the_oracle(ask: Ask, seeds: Seeds, texts: list[str]) -> None:
    assert ask(texts) == [asks_to_opt_out(text, seeds) for text in texts]


def test_hostile_texts_take_no_longer_than_others(ask: Ask) -> None:
    long = 200_000
    texts = [
        "stop " * long,
        "please " * long + "stop",
        "?" * long,
        " " * long,
        "." * long + "stop",
        "don't " * long,
        "'; drop table texts; --",
        "(?:stop|.*)+$ \\1 [^",
        "\x00stop\x00",
        "a" * long,
        "stop texting " * long + "me",
    ]
    begun = time.monotonic()
    assert len(ask(texts)) == len(texts)
    assert time.monotonic() - begun < 30


def test_phrases_name_only_lists_that_there_are_and_are_plain() -> None:
    with (PROJECT_DIR / "seeds" / "opt_out_phrases.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lists = {row["word_list"] for row in rows} - {""}
    used = set()
    for row in rows:
        text = row["pattern"]
        assert text == text.strip(), text
        for name in lists:
            if "{" + name + "}" in text:
                used.add(name)
                text = text.replace("{" + name + "}", "")
        assert "{" not in text.replace("{4,}", ""), text
        assert not set("'’") & set(text), "texts have no apostrophes when they are compared"
    assert used == lists


def test_no_keyword_stands_for_a_plain_answer(seeds: Seeds) -> None:
    for answer in ("yes", "no", "go", "y", "n", "ok", "1"):
        assert answer not in seeds.keywords
