"""Sentences in our own words, each with what a careful reader finds in it.

A case is (sentence, "polarity type ..."): c collected, s shared, nc not collected, ns not shared,
l kept on the device. Generic words ("personal information") are left out.
"""

# ruff: noqa: E501  (a sentence stands on one line)

from __future__ import annotations

ENGLISH = [
    # active verbs, lists, group words
    ("We gather your IMEI, MAC address and Android ID.", "c:imei c:mac c:android_id"),
    ("We collect device information (device model, operating system version).", "c:device_model c:os_version"),
    ("The app records your browsing, search and purchase history.", "c:browsing_history c:search_history c:order_info"),
    ("Personal information that we collect includes your name, postal address and e-mail.", "c:name c:address c:email"),
    ("The details we gather may include: your IMSI and your carrier.", "c:imsi c:carrier"),
    ("The information we collect may include: your IMSI and your carrier.", "c:imsi c:carrier"),
    ("Server log data may include information such as your IP address.", "c:ip"),
    ("The following is collected: gender; date of birth; IP address.", "c:gender c:birth_date c:ip"),
    ("Data collected: IMEI, MAC address and installed apps", "c:imei c:mac c:installed_apps"),
    # the user as subject
    ("To register you must enter your mobile phone number and a password.", "c:phone_number c:password"),
    ("If you choose to give us your gender, we can show better offers.", "c:gender"),
    ("You can change your nickname and avatar in the settings.", ""),
    ("If you refuse to provide your phone number, you cannot register.", ""),
    ("Please do not send us your passport number.", ""),
    ("You will have to disclose your address to the seller.", ""),
    # a word described by what the user does, clauses without a comma, means of contact
    ("We log the screens of our app that you open, the IMEI and the time zone.", "c:imei c:time_zone"),
    ("We record the tools you rely on to pay, your IP address and your carrier.", "c:ip c:carrier"),
    ("In order to open an account for you and keep your account we need to collect your gender.", "c:gender"),
    ("The details we gather while you travel, such as your precise location and Wi-Fi networks.", "c:gps_location c:wifi_info"),
    ("Details we collect as you travel, such as precise location and crash logs.", "c:gps_location c:crash_info"),
    ("From time to time we may use your nickname.", "c:nickname"),
    ("I collect your IMEI, and I will not sell it.", "c:imei ns:imei"),
    ("We use tools like cookies and pixel tags.", "c:cookie c:web_beacon"),
    ("We collect your email when you subscribe.", "c:email"),
    ("We will reach you by email or answer your email.", ""),
    ("Guardians can write to us through the email shown below.", ""),
    ("We may address any security issue and answer a court order.", ""),
    ("Persons under the legal age may not register.", ""),
    # what is no collecting or sharing
    ("If you are a minor, please do not send us your name or phone number.", ""),
    ("Our suppliers are obliged not to disclose your IMEI.", ""),
    ("Cookies are sent to your browser by the site.", ""),
    ("Your card number is transmitted through an encrypted channel.", ""),
    ("Your device sends its IP address to our servers.", "c:ip"),
    ("The data we share includes your IMEI and your gender.", "s:imei s:gender"),
    ("Advertisers may have access to your IP address.", "s:ip"),
    # purposes and conditions declare nothing by themselves
    ("In order to protect your password and account security, we use firewalls.", ""),
    ("When you use the camera to scan, we collect your location.", "c:location"),
    ("We collect your location to recommend photos and videos you may like.", "c:location"),
    # denials
    ("We do not collect your contacts or call log.", "nc:contacts nc:call_log"),
    ("We never sell your browsing history.", "ns:browsing_history"),
    ("Your contacts are never uploaded to our servers.", "nc:contacts"),
    ("Neither your calendar nor your contacts are collected.", "nc:calendar nc:contacts"),
    ("We do not collect your name; however, we do collect your Android ID.", "nc:name c:android_id"),
    ("We collect Wi-Fi information excluding the MAC address.", "c:wifi_info nc:mac"),
    # sharing, display, partners
    ("We may share your device identifiers with advertising partners.", "s:device_id_other"),
    ("We may disclose your email address to the police.", "s:email"),
    ("Your phone number will be shared with the courier.", "s:phone_number"),
    ("Your nickname and avatar will be publicly displayed.", "s:nickname s:avatar"),
    ("You may set a nickname, which will be publicly displayed.", "c:nickname s:nickname"),
    ("If you comment anonymously, your avatar will not be displayed on the public page.", "ns:avatar"),
    ("We use vendors such as Google Analytics, which may collect your IP address.", "s:ip"),
    ("The partners we work with may use your device model.", "s:device_model"),
    ("We obtain your order number and share it with the courier.", "s:order_info"),
    ("You agree that we may collect your delivery progress from couriers.", "c:delivery_progress"),
    ("We will provide your delivery address to the logistics company.", "s:address"),
    ("We will provide you with a personalized search service.", ""),
    # on the device only
    ("We only process the list of installed apps locally on the device.", "l:installed_apps"),
    ("Your location information is stored only on your device.", "l:location"),
    ("We upload your clipboard content to our server only when it holds a share code.", "c:clipboard"),
    ("The text of your clipboard is processed only on your phone.", "l:clipboard"),
    ("We use the microphone to record audio. Recordings are kept only on your phone.", "c:microphone l:microphone"),
    ("To scan codes you need to enable the camera of your device.", "c:camera"),
    ("Our partner runs a location information system.", ""),
    ("The comments you post may contain personal information about you or others, such as photos.", ""),
    ("No location data is collected.", "nc:location"),
    ("We collect no IMSI.", "nc:imsi"),
    ("Except as stated below we share your location with nobody.", "ns:location"),
    ("We share your gender with no third party.", "ns:gender"),
    ("When you order we collect your delivery address and your e-mail.", "c:address c:email"),
    ("We collect your gender, and we give it to the courier.", "c:gender s:gender"),
    ("We do not collect your text messages or your location.", "nc:sms nc:location"),
    ("We do not require you to provide your real name.", ""),
    ("Third parties, including Google, collect your advertising ID.", "s:gaid"),
    ("You consent to our collection of your device ID.", "c:device_id_other"),
    # words that only look like data
    ("We show the operating system permissions the app uses.", ""),
    ("We read your clipboard to find a password or sharing code.", "c:clipboard"),
    ("We keep call records with the service desk when you contact customer service.", "c:call_records"),
    ("We may use your account to check, and email you by email.", ""),
    ("We kept the record as a web log.", ""),
    ("You can manage this in [Account] - [Settings] - [Location].", ""),
]  # fmt: skip

CHINESE = [
    ("我们会收集您的IMEI、MAC地址和Android ID。", "c:imei c:mac c:android_id"),
    ("我们收集您的设备信息（包括设备型号、操作系统版本）。", "c:device_model c:os_version"),
    ("我们会记录您的浏览、搜索记录以及收藏记录。", "c:browsing_history c:search_history c:favorites"),
    ("收集的信息类型：IMEI、Android ID、网络状态", "c:imei c:android_id c:network_status"),
    ("注册时您需要填写手机号码和密码。", "c:phone_number c:password"),
    ("如果您选择提供性别和生日，我们可以送上祝福。", "c:gender c:birth_date"),
    ("您可以在设置中修改您的昵称和头像。", ""),
    ("如果您拒绝提供手机号，您将无法注册。", ""),
    ("请您妥善保管您的密码。", ""),
    ("为防止您的密码被盗，我们采用防火墙。", ""),
    ("当您扫码时，需要访问您的相机和相册。", "c:camera c:album"),
    ("我们不会收集您的通讯录和短信内容。", "nc:contacts nc:sms"),
    ("我们承诺绝不出售您的浏览记录。", "ns:browsing_history"),
    ("我们会将您的手机号码、收货地址提供给物流公司。", "s:phone_number s:address"),
    ("我们可能会与广告合作伙伴共享您的OAID。", "s:oaid"),
    ("您的位置信息可能会与关联公司共享。", "s:location"),
    ("您设置的昵称将公开显示。", "c:nickname s:nickname"),
    ("当您评论时，您的头像将被公开。", "s:avatar"),
    ("您的头像会展示给其他用户。", "s:avatar"),
    ("剪切板信息仅在本地处理，不会上传至服务器。", "l:clipboard"),
    ("您的指纹信息仅保存在您的手机本地。", "l:fingerprint"),
    ("我们会使用您提供的联系方式与您沟通。", "c:contact_info"),
    ("该SDK会收集您的设备MAC地址和地理位置信息。", "c:mac c:location"),
    ("我们需要读取您的电话状态。", "c:phone_state"),
    ("为了向您推荐附近的门店，我们会获取您的精确位置信息。", "c:gps_location"),
    ("我们会向提供配送服务的合作方披露您的收货地址。", "s:address"),
    ("您知悉物流公司会获知您的收货地址。", "s:address"),
    ("您的设备型号将被我们收集并使用。", "c:device_model"),
    ("我们仅在您使用录制功能期间收集您的录音。", "c:microphone"),
    ("您的聊天内容会加密存储。", "c:im_content"),
    ("我们不会将您的位置信息用于广告。", ""),
    ("我们会保存您与我们的通话记录。", "c:call_records"),
    ("系统会自动记录您的浏览器类型、使用的语言、访问日期和时间。", "c:browser_type c:language c:access_time"),
    ("您可以在“我的-设置-个人信息”中查看。", ""),
    ("我们会尊重您的个人信息权利，并展示您可能感兴趣的商品。", ""),
    ("剪切板内容仅在您的设备本地处理，不会上传。", "l:clipboard"),
    ("我们使用麦克风录音，录音文件仅保存在您的手机上。", "c:microphone l:microphone"),
    ("我们会读取您设备上的相册。", "c:album"),
    ("人脸信息在手机本地完成比对。", "l:face"),
    ("您可能需要开启您设备上的摄像头和麦克风。", "c:camera c:microphone"),
    ("您可以在系统设置中开启或关闭摄像头。", ""),
    ("您发布的评论可能会涉及您或他人的个人信息，如含有肖像的图片。", ""),
    ("您可以设置昵称，昵称会在评论区公开展示。", "c:nickname s:nickname"),
    ("录音仅在您的手机本地识别，不会上传。", "l:microphone"),
]  # fmt: skip

WORDS = {"c": "collected", "s": "shared", "nc": "not_collected", "ns": "not_shared", "l": "local_only"}


def expected(text: str) -> set[tuple[str, str]]:
    """{(polarity, data type)} of a case."""
    pairs = (item.split(":") for item in text.split())
    return {(WORDS[polarity], data) for polarity, data in pairs}
